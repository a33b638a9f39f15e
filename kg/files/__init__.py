"""Files and folders on disk: replaced whole, recovered after a kill, locked by a process."""
