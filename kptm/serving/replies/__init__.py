"""What every application of a server answers: the files of its page, and errors."""
