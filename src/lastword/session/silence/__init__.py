"""Silence without an error: the debt of an agent that has stopped, and what is done about it."""
