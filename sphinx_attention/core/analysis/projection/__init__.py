"""Maps of the queries and keys of a head: a position in the plane for every vector."""
