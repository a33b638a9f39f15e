"""SPARQL over the store, by RDFLib's engine."""
