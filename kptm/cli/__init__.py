"""The command line: thin; each verb calls one function of the library."""
