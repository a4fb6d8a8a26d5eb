"""A real room to rehearse in: a server of one's own, and a caller who keeps what is heard."""
