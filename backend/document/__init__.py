"""Floor 2: drawings that are files already, read and changed in place."""
