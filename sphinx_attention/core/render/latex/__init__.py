"""The second writer of pictures: LaTeX, in the fonts of the document."""
