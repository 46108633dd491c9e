"""Reading files with every variant."""
