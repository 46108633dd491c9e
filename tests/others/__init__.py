"""Other people's tests as ours: they must come out with us as they do without."""
