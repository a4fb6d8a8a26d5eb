"""Where sound, words and failure meet: one attached session, from its error to its close."""
