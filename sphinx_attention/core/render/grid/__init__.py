"""The grid view: a thumbnail of every head."""
