"""Numbers from numbers: scores of heads, paths through layers, logits, parts of an attention."""
