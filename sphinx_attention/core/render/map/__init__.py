"""The view `map`: the queries and keys of a head in one plane, over many sentences."""
