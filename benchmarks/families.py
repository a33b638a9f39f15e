"""Which families of the installed transformers can be fused, and what of it holds.

    python benchmarks/families.py [--kind gated] [--only bert,gpt2] [--json FILE]

Each family that transformers has a masked or causal language model of is built from a small
configuration with random weights. A family that is fused has to pass all of: logits as its own
forward gives them with knowledge off; one step of training; the same logits after it is saved and
read again; for a decoder, greedy text as its own ``generate`` writes it with knowledge off, and the
same text with and without a cache with knowledge on. A family is refused by name with the reason,
or has no small configuration here.
"""

import argparse
import json
import warnings
from dataclasses import asdict
from pathlib import Path

import torch
from families_parts.checks import TEXTS, outcome_of
from families_parts.tiny import families

from kg import EntityEmbeddings
from kptm.data import train_tokenizer
from kptm.fusion.backbones.backbone import quiet_transformers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", default="gated")
    parser.add_argument("--only", default="")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    tokenizer = train_tokenizer([text.text for text in TEXTS], vocab_size=100)
    torch.manual_seed(0)
    embeddings = EntityEmbeddings(["Georgia", "Paris", "Seine"], torch.randn(3, 8))
    found = []
    with quiet_transformers():
        for family in options.only.split(",") if options.only else families():
            outcome = outcome_of(family, options.kind, tokenizer, embeddings)
            found.append(outcome)
            role = "decoder" if outcome.decoder else "encoder"
            said = (
                f"logits {outcome.logits:.0e}"
                if outcome.result == "fused"
                else outcome.reason[:200]
            )
            print(f"{family:24} {role:8} {outcome.result:22} {said}", flush=True)
    counts = {
        name: sum(one.result == name for one in found)
        for name in sorted({one.result for one in found})
    }
    print(", ".join(f"{count} {name}" for name, count in counts.items()), "of", len(found))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1))


if __name__ == "__main__":
    main()
