"""Several sources' p become one, calibrated on held-out questions."""
