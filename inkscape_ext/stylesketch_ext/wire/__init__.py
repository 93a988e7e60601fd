"""What the extension and the daemon say to each other: the messages and their JSON form. Standard library only."""
