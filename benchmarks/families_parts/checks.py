"""What a family has to pass: each check on a small model with random weights."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from kptm.data import collate
from kptm.errors import ModelError
from kptm.fusion import FusedModel, FusionConfig
from kptm.fusion.backbones.backbone import is_causal
from kptm.linking import LinkedText
from kptm.pretraining import PretrainConfig, pretrain

from .tiny import tiny_config

MOST = 20_000_000
"""Weights of a small model: a configuration that makes a larger one is not small."""
ALIKE = 1e-5
"""Between two ways to one logit, as a share of the largest."""
TEXTS = [
    LinkedText.from_spans("Paris lies on the Seine.", [(0, 5, "Paris"), (18, 23, "Seine")]),
    LinkedText.from_spans("The capital of Georgia is [MASK].", [(15, 22, "Georgia")]),
]
PROMPTS = [LinkedText.from_spans("The capital of Georgia is", [(15, 22, "Georgia")])]


@dataclass
class Outcome:
    """What became of a family, and why.

    "fused"; "fused, but" it fails without kptm; "refused"; "fails"; or "no small configuration".
    """

    family: str
    result: str
    reason: str = ""
    decoder: bool = False
    logits: float = 0.0
    seconds: float = 0.0


class Failure(Exception):  # noqa: N818  # of a check
    """A check of a fused family did not pass."""


class OwnFailure(Failure):
    """The family fails without kptm."""


def outcome_of(family, kind, tokenizer, embeddings) -> Outcome:
    """Build a family, fuse it, and run the checks."""
    began = time.monotonic()
    found = Outcome(family, "no small configuration")
    try:
        config = tiny_config(family, len(tokenizer))
        found.decoder = is_causal(config)
        found.reason = _too_large(config)
    # Whatever a family's own code raises of sizes that it does not foresee is the reason.
    except Exception as error:  # noqa: BLE001
        found.reason = _line(error)
    if not found.reason:
        try:
            settings = FusionConfig(kind=kind, max_length=32)
            model = FusedModel.build(config, embeddings, settings, tokenizer=tokenizer).eval()
            found.logits = check(model)
            found.result = "fused"
        except ModelError as error:
            found.result, found.reason = "refused", _line(error)
        except OwnFailure as error:
            found.result, found.reason = "fused, but", _line(error)
        except Exception as error:  # noqa: BLE001  # listed, whatever it is
            found.result, found.reason = "fails", _line(error)
    found.seconds = time.monotonic() - began
    return found


def _too_large(config) -> str:
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM

    kind = AutoModelForCausalLM if is_causal(config) else AutoModelForMaskedLM
    with torch.device("meta"):
        size = sum(weight.numel() for weight in kind.from_config(config).parameters())
    return f"{size:,} weights" if size > MOST else ""


@torch.no_grad()
def own_logits(model, batch):
    """What the backbone gives without kptm."""
    options = {"use_cache": False} if model.causal else {}
    return model.backbone(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, **options
    ).logits


@torch.no_grad()
def fused_logits(model, batch):
    """What the fused model gives."""
    return model.token_logits(model(**batch.tensors()).hidden)


def check(model) -> float:
    """All checks of a fused model.

    The difference of its logits with knowledge off, as a share of the largest.

    Raises:
        Failure: One does not pass.
    """
    _move(model)
    texts = [model.encoder.encode(text) for text in TEXTS[:1]]
    plain = collate(texts, model.pad_id, with_knowledge=False)
    wanted = own_logits(model, plain)
    apart = _apart(fused_logits(model, plain), wanted)
    if apart > ALIKE:
        raise Failure(f"logits differ by {apart:.0e}")
    pretrain(model, TEXTS, config=PretrainConfig(steps=2, batch_size=2, learning_rate=1e-2))
    model.eval()
    known = collate(texts, model.pad_id)
    trained = fused_logits(model, known)
    if torch.equal(trained, fused_logits(model, plain)):
        raise Failure("knowledge changes nothing after a step")
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(Path(folder) / "model")
        again = FusedModel.from_pretrained(Path(folder) / "model")
        if again.fingerprint() != model.fingerprint():
            raise OwnFailure("reading it with transformers changes its weights or settings")
        if _apart(fused_logits(again, known), trained) > ALIKE:
            raise Failure("other logits after it is saved and read")
    if model.causal:
        _check_generation(again)
    if model.causal and _texts(model, cache=True) != _texts(model, cache=False):
        raise Failure("another text with a cache than without")
    return apart


@torch.no_grad()
def _move(model) -> None:
    """Take weights from their start, which is zero in some families."""
    generator = torch.Generator().manual_seed(1)
    for weight in model.backbone.parameters():
        weight.add_(0.02 * torch.randn(weight.shape, generator=generator))


def _check_generation(model) -> None:
    ids = torch.tensor([model.encoder.encode(PROMPTS[0]).ids])
    if int(ids[0, -1]) in model.tokenizer.all_special_ids:
        ids = ids[:, :-1]  # what the tokenizer puts at the end of a text
    try:
        written = model.backbone.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=4,
            pad_token_id=model.pad_id,
        )
    except Exception as error:
        raise OwnFailure(f"its own generate fails: {_line(error)}") from error
    wanted = model.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
    if model.generate(PROMPTS, max_new_tokens=4, use_knowledge=False) != [wanted]:
        raise Failure("another text than its own generate writes")


def _texts(model, *, cache):
    return model.generate(PROMPTS, max_new_tokens=4, use_cache=cache)


def _apart(found, wanted) -> float:
    return float((found - wanted).abs().max() / wanted.abs().max())


def _line(error) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, ModelError | Failure) else f"{type(error).__name__}: {text}"
