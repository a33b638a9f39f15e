"""A workspace in other frameworks: LangChain (``kptm[langchain]``), LlamaIndex, data sets, tensors.

Each module needs its own extra, so nothing is imported here.
"""
