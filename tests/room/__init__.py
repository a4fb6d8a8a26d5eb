"""A real LiveKit room on this machine, and what a caller hears in it."""
