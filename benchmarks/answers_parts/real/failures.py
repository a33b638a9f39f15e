"""A report of the questions that were answered wrongly or not at all."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .asking import Outcome


def write(path: Path, outcomes: Sequence[Outcome], labels: Mapping[str, str]) -> None:
    """Write the failures by verdict and reason, the largest group first.

    Args:
        path: The file to write.
        outcomes: All questions asked; the correct ones are left out.
        labels: The label of each key in gold answers and readings.
    """
    parts: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for x in outcomes:
        if not x.right:
            parts[x.verdict, x.why].append(x)
    blocks = []
    for (verdict, why), failed in sorted(parts.items(), key=lambda part: (-len(part[1]), part[0])):
        blocks.append(f"## {verdict}{f', {why}' if why else ''}: {len(failed)}\n")
        blocks += [_block(x, labels) for x in sorted(failed, key=lambda x: (x.group, x.question))]
    text = f"{sum(not x.right for x in outcomes)} of {len(outcomes)} failed\n\n" + "\n".join(blocks)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _block(x: Outcome, labels: Mapping[str, str]) -> str:
    more = f" … {x.count} in all" if x.count > len(x.answers) else ""
    answer = f"{', '.join(x.answers)}{more}   (p {x.p:.2f})" if x.found else f"unknown: {x.reason}"
    read = f"\n    read:  {_add_labels(x.reading, labels)}" if x.reading else ""
    gold = _add_labels(x.gold if len(x.gold) < 300 else f"{x.gold[:300]} …", labels)
    return f"{x.question}   [{x.group}]\n    gold:  {gold}\n    said:  {answer}{read}\n"


def _add_labels(text: str, labels: Mapping[str, str]) -> str:
    """Put the label before each key in a text."""
    return re.sub(r"/m/\w+", lambda key: f"{labels.get(key[0], '?')} ({key[0]})", text)
