"""A way in: a process that watches itself."""
