"""Results that would overwrite what they are made of."""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from kg.errors import TripleFormatError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_output(output: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write to a file that is read, by another name or a link too.

    Raises:
        TripleFormatError: As said.
    """
    with suppress(OSError):  # it is not there yet
        if not stat.S_ISREG(output.stat().st_mode):
            return
        for path in inputs:
            with suppress(FileNotFoundError):
                if output.samefile(path):
                    raise TripleFormatError(
                        output, None, f"is the same file as {path}, which is read; name another one"
                    )
