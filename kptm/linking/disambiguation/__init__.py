"""Which candidate is meant, or none: features, coefficients, p."""
