"""The pytest plugin: inert unless asked for."""
