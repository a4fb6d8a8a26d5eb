# cython: freethreading_compatible=True
"""The compiled heart of the sound."""
