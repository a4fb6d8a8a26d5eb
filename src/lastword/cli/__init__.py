"""The `lastword` command: look at sounds, render words ahead, tell what would be heard."""
