"""How errors are seen where they are raised, before livekit-agents retries."""
