"""A way in: a program that we start."""
