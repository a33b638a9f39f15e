"""The losses, each with its source.

Shapes: B texts, L tokens, D hidden, K masked tokens, V vocabulary, T targets, N entities.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

from kptm.data.collate import IGNORED

if TYPE_CHECKING:
    from torch import Tensor

    from kptm.fusion import FusedModel


def masked_language_model(model: FusedModel, hidden_BLD: Tensor, labels_BL: Tensor) -> Tensor:
    """Cross entropy of the hidden tokens (Devlin et al. 2019, section 3.1), for a decoder of the next; 0 when there is none.

    The vocabulary's logits are computed at the hidden tokens only.
    """
    wanted = labels_BL != IGNORED
    if not wanted.any():
        return hidden_BLD.sum() * 0.0
    return F.cross_entropy(model.token_logits(hidden_BLD[wanted]).float(), labels_BL[wanted])


def entity_prediction(logits_TN: Tensor, rows_T: Tensor) -> Tensor:
    """Cross entropy over the entities that are scored (Févry et al. 2020, equation 5, with our tied head)."""
    return F.cross_entropy(logits_TN.float(), rows_T)
