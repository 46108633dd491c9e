"""Serving files over HTTP with every variant."""
