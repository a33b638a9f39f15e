"""Learning an extractor: examples from the graph and labelled rows, classifier, thresholds."""
