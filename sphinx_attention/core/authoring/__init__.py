"""The input of authors: options, settings and declarations of models."""
