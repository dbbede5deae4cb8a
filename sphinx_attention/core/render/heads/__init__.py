"""The heads view: two columns, and lines in the colours of their heads."""
