"""The model that comes with the package, run in NumPy: its tokenizer, its network, its runner."""
