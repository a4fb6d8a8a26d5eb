"""What is said: every form of a message becomes sounds that are ready."""
