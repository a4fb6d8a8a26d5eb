"""The way of the sound: a file becomes frames. Imports nothing of livekit-agents."""
