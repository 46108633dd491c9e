"""Talking to child processes with every variant."""
