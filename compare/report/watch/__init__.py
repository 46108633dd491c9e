"""A watch that goes on, told while it does: as a screen, every so many seconds, or a line for each stall."""
