"""The contestants of ``benchmarks/store.py``, one module each, and what measures them."""
