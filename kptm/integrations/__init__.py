"""A workspace in other frameworks: LangChain (``kptm[langchain]``), LlamaIndex, data frames.

Each module needs its own extra, so nothing is imported here.
"""
