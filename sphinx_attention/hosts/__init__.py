"""The hosts: programs that ask the core for figures."""
