"""What an error tells, read once, before anyone says what it means."""
