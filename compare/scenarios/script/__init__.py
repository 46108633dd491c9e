"""A program of the user's, run under the observer."""
