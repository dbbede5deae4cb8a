"""The steps view: one weight as the sum that it is."""
