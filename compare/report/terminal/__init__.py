"""What a terminal shows: the answer on one screen, the table, the lanes, the end of a watched program, and progress."""
