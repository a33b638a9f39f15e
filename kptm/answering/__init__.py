"""Answers: facts asked by name, in a cloze or in words, each with its evidence or an honest "unknown"."""

from kptm.answering.answer import Answer, Evidence, ScoredEntity
from kptm.answering.predictor import Predictor
from kptm.answering.relations import RelationReader

__all__ = ["Answer", "Evidence", "Predictor", "RelationReader", "ScoredEntity"]
