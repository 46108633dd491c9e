"""The pytest plugin: a test that is asked to may not block its event loop."""
