"""A figure: what was asked for, what it opens with, and the numbers that its script reads."""
