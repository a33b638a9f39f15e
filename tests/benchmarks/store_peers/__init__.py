"""The contestants of ``tests/benchmarks/store.py``, one module each, and what measures them."""
