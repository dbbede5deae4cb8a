"""The corpus view."""
