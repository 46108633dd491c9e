"""From arguments to a comparison, and from there to what is printed and written."""
