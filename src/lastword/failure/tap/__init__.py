"""Catches errors where they are raised, before livekit-agents retries."""
