"""The steps view: the computation of one weight."""
