"""Figures: the specification, the first selection, and the numbers for the script."""
