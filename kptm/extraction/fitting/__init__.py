"""Examples of the graph and of labelled rows, the fit of the classifier, its thresholds."""
