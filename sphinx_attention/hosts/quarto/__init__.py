"""The host of Quarto and pandoc.

Their filter ``attention.lua``, which authors copy into their project, asks this package over
standard input and output: ``python -m sphinx_attention.hosts.quarto``.
"""
