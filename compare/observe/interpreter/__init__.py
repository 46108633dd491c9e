"""What a process's memory tells of its Python stacks."""
