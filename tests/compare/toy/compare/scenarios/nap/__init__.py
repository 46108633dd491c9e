"""Sleep in every way."""
