"""StyleSketch's side in the editor: documents in, documents out; it knows nothing of tensors."""

__version__ = "0.1.0"
