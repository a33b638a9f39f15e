"""Modeledge: what a model knows as vectors in SQL, with a FAISS index derived from them."""

from kptm.modeledge.interpolation import Interpolation
from kptm.modeledge.records import Hit, Record
from kptm.modeledge.store import Modeledge
from kptm.modeledge.writing import Cloze

__all__ = ["Cloze", "Hit", "Interpolation", "Modeledge", "Record"]
