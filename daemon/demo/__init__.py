"""A world to try everything in: servers on loopback, made of the libraries of the extra `demo`."""
