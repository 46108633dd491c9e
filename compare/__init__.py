"""Runs the recipes, or a program of yours, side by side, and shows which thread waits, in which call, for how long."""
