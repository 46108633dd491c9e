"""Write streams in every way."""
