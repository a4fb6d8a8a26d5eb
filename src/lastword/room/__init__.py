"""Speaks and acts in a room with livekit.rtc and livekit.api alone, without livekit-agents."""
