"""Forms of names, and the words of English that linking knows."""
