"""Files and folders on disk: atomic replacement, recovery after a kill, and locks."""
