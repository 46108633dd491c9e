"""Serving a TCP echo with every variant."""
