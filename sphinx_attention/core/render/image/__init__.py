"""The image view: the picture that a model saw, and where its patches look."""
