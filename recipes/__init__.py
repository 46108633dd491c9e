"""Every way that Python offers to read a file or to serve a TCP echo."""
