"""Turns an exception into a decision. Knows no sound and no session."""
