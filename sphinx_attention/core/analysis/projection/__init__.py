"""Maps of the queries and keys of a head: a place in the plane for every vector."""
