"""Turns text into a clip in the agent's own voice."""
