"""The way of the words: text becomes a clip in the agent's own voice."""
