"""What authors write and configure: options, settings and declarations of models."""
