"""The verbs, by what they work on; each calls one function of the library."""
