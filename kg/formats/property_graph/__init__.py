"""Property graphs: Neo4j's CSV, JSON and server, GraphML and GEXF.

A node is an entity with its types, names and values; an edge is a statement with its qualifiers.
"""
