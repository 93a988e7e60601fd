"""Floor 5: the daemon: jobs, their queue, their memory on disk, and the routes that lead to them."""
