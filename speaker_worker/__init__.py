"""Says who speaks."""
