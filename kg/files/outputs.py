"""Prevents outputs from overwriting their inputs."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write to an input file, also under another name or through a link.

    Raises:
        TripleFormatError: The output is one of the inputs.
    """
    with suppress(OSError):  # the output does not exist yet
        if not stat.S_ISREG(output.stat().st_mode):
            return
        for path in inputs:
            with suppress(FileNotFoundError):
                if output.samefile(path):
                    raise TripleFormatError(
                        output, None, f"is the same file as {path}, which is read; name another one"
                    )
