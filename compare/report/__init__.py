"""What was measured, told: a `compare.results.Comparison` in many forms, and nothing is measured here.

What all forms share lies here: words, groups, lanes, times, what is escaped. Each folder has the forms of one reader.
"""
