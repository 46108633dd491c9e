"""Extensions of Sphinx that make pages of recipes, and show what was measured."""
