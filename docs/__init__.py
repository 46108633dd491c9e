"""The docs: their sources, the data they show, and the commands that make both (`python -m docs`)."""
