"""The child processes in which exactly one variant runs, and who holds them."""
