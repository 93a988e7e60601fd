"""Floor 2: the terms that say what a good drawing is."""
