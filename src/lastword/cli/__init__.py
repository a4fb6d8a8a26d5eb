"""The `lastword` command: shows sounds, renders words in advance, rehearses failures."""
