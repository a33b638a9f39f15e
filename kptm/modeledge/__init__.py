"""Modeledge: what a model knows as vectors in SQL, with indexes by FAISS derived from them."""

from kptm.modeledge.choice import IndexConfig
from kptm.modeledge.conflicts import Conflict
from kptm.modeledge.merging import MergeReport
from kptm.modeledge.moving import Migration, MigrationReport
from kptm.modeledge.recalling import Recalled
from kptm.modeledge.receipts import AnswerChange, Receipt
from kptm.modeledge.records import Entry, Hit, Record, Where
from kptm.modeledge.store import Modeledge
from kptm.modeledge.writing import Cloze

__all__ = [
    "AnswerChange",
    "Cloze",
    "Conflict",
    "Entry",
    "Hit",
    "IndexConfig",
    "MergeReport",
    "Migration",
    "MigrationReport",
    "Modeledge",
    "Recalled",
    "Receipt",
    "Record",
    "Where",
]
