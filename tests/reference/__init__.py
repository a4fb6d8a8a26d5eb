"""Plain twins of what the extension computes, for tests to compare with."""
