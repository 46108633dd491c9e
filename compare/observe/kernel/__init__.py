"""What the kernel tells of a process's threads, through `/proc`."""
