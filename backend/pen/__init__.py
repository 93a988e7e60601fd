"""Floor 2: plain strokes become the strokes of a style: pressure, gesture, color."""
