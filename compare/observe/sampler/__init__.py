"""Who looks at a process from outside, about a thousand times a second."""
