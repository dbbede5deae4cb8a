"""The matrix view: a heat map of one head."""
