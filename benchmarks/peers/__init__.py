"""Released packages, called as their own documentation shows: what a user gets who does what he is told.

The modules of file libraries have the recipes' names where there is such a thing: `read_file`, `read_files`,
`read_into`, `read_at` and `lines`. Those of servers have `serve(listener)`.
"""
