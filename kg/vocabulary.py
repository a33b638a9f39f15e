"""Relations with a meaning for the graph: those that name, describe and classify entities.

They are the IRIs of RDF, whatever the format of a file, so that a label is a statement like any
other, with sources and history. They are not facts: ``match`` and the embeddings leave them out.
"""

from __future__ import annotations

LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
PREFERRED_LABEL = "http://www.w3.org/2004/02/skos/core#prefLabel"
ALIAS = "http://www.w3.org/2004/02/skos/core#altLabel"
DESCRIPTION = "http://schema.org/description"
DESCRIPTION_HTTPS = "https://schema.org/description"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
PRIOR = "urn:kptm:prior"
"""How often the entity is meant, a number of at least 0."""
ENTITY = "urn:kptm:entity"
"""States only that the entity exists; its value is empty."""

UNDERSTOOD = (
    LABEL,
    PREFERRED_LABEL,
    ALIAS,
    DESCRIPTION,
    DESCRIPTION_HTTPS,
    TYPE,
    PRIOR,
    ENTITY,
)
"""These relations in the order of their ids, 1, 2, …, which must never change."""

LABELS = (LABEL, PREFERRED_LABEL)
NAMES = (*LABELS, ALIAS)
DESCRIPTIONS = (DESCRIPTION, DESCRIPTION_HTTPS)

IRI = "urn:kptm:iri"
"""The datatype of a value that names a class by its IRI or key, written as an IRI in RDF."""

EMAIL, VERSION = "urn:kptm:email", "urn:kptm:version"
"""The datatypes of e-mail addresses and of versions, which XML Schema lacks."""

XSD = "http://www.w3.org/2001/XMLSchema#"
STRING = f"{XSD}string"
LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
RANK = "http://wikiba.se/ontology#rank"
"""The qualifier with a Wikidata claim's rank if it is not normal."""
PREFERRED, DEPRECATED = (
    f"http://wikiba.se/ontology#{rank}Rank" for rank in ("Preferred", "Deprecated")
)
"""The values of RANK: statements that are preferred, and statements known to be wrong."""

LINKED, SEEN = "urn:kptm:linked", "urn:kptm:seen"
"""Qualifiers of a name: how often a source's texts link it to the entity, and contain it."""

SAME_AS = "http://www.w3.org/2002/07/owl#sameAs"
"""Between entities: they are the same thing. With a value of datatype IRI: a merged key."""

MINTED = "urn:kptm:key:"
"""The prefix of the IRI of a key that is not an IRI; the percent-encoded key follows."""
