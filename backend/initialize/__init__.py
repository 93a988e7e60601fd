"""Floor 2: where strokes start."""
