"""The arcs view: tokens in one row or two, and curved edges."""
