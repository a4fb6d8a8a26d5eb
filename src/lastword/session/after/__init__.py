"""What happens to the call after its last words."""
