"""The way of the failure: an exception becomes a decision. Knows no sound and no session."""
