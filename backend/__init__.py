"""StyleSketch's backend: pictures in, editable Bézier strokes out; it knows nothing of documents."""

__version__ = "0.1.0"
