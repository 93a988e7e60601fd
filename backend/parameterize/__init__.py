"""Floor 2: what the optimizer really moves."""
