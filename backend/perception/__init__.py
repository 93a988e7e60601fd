"""Floor 2: what is in a picture."""
