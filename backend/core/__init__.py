"""Floor 1: strokes, curves, images, drawings, work and errors. torch and numpy only."""
