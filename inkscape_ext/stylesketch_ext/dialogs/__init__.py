"""GTK windows. Only these modules touch GTK, only from the main thread, and only when toolkit.can_show_windows() said yes."""
