"""Hugging Face models: loading them, running them, and reading their attention."""
