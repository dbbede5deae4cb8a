"""The host of mystmd and Jupyter Book 2.

These are programs of Node. Their plugin ``attention.mjs``, which authors copy into their project,
asks this package over standard input and output: ``python -m sphinx_attention.hosts.mystmd``.
"""
