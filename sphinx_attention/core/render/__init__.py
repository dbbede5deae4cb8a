"""From figures to SVG, HTML and words. One module a view; `views` lists them."""
