"""What several scenarios use: arguments and their types, rows, verdicts."""
