"""What can be done in a room with livekit.rtc and livekit.api alone, without livekit-agents."""
