"""What was measured, told: each module turns a `compare.results.Comparison` into one form, and measures nothing."""
