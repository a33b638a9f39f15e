"""The verbs by subject; each calls one function of the library."""
