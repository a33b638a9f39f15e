"""The programs that can be made of a question's parts, bottom up."""
