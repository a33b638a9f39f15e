"""Rules for programs that measure: superlatives, comparisons, totals and lengths of time."""
