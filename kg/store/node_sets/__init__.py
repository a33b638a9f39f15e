"""Operations on sets of nodes: steps between them, measures of their nodes, profiles."""
