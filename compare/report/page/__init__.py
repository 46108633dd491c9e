"""What a browser shows: the page with everything in it, the player of recordings, and pictures that stand alone."""
