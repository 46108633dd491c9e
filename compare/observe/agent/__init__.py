"""The note-taker inside the observed process, and how it is spoken with."""
