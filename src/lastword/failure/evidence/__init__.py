"""Reads the evidence from an error, once, before anything interprets it."""
