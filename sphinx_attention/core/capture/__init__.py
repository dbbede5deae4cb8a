"""Answers of sources, computed once and kept."""
