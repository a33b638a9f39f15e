"""The graph in SQL: the only rooms that write SQL for it. No tensors here."""
