"""Floor 2: drawings as plain path data and as files."""
