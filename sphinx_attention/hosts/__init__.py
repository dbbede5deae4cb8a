"""Who asks for figures."""
