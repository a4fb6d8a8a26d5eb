"""How a message gets out of a session, and what of it is heard."""
