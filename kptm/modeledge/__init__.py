"""Modeledge: what a model knows as vectors in SQL, with indexes by FAISS derived from them."""

from kptm.modeledge.choice import IndexConfig
from kptm.modeledge.interpolation import Interpolation
from kptm.modeledge.receipts import AnswerChange, Receipt
from kptm.modeledge.records import Entry, Hit, Record, Where
from kptm.modeledge.store import Modeledge
from kptm.modeledge.writing import Cloze

__all__ = [
    "AnswerChange",
    "Cloze",
    "Entry",
    "Hit",
    "IndexConfig",
    "Interpolation",
    "Modeledge",
    "Receipt",
    "Record",
    "Where",
]
