"""What other programs read: JSON with its schema, and comma-separated values."""
