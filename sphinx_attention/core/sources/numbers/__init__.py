"""Matrices and tokens that authors give, read and checked."""
