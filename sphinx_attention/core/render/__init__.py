"""Figures as SVG, as HTML and in words. Each view has a folder here; `core/views.py` lists them."""
