"""What viewers of profiles open: each module writes one format, from the same stacks or lanes."""
