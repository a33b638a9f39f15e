"""Runs the notebooks of docs/ and writes their outputs, and a page of each for the site.

    python tools/notebooks.py            run all, write outputs and pages
    python tools/notebooks.py --check    run all; fail if an output or a page is another than stored

Each runs in an empty folder. Standard error, times and execution metadata are left out.
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "notebooks"
SECONDS = 60
"""The most that a notebook may take."""
SHOWN = ("text/html", "text/plain")
"""The kinds of results that are kept, in the order in which a page prefers them."""


def run(path: Path) -> Any:
    """A notebook with the outputs of a run of its own."""
    notebook = nbformat.read(path, as_version=4)
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": folder}},
        )
        client.execute()
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.outputs = _joined(filter(None, map(_kept, cell.outputs)))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}
    }
    return notebook


def _kept(output: Any) -> Any:
    """An output without what differs from run to run; None for standard error."""
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    output.metadata = {}
    output.data = {kind: output.data[kind] for kind in sorted(SHOWN) if kind in output.data}
    if "text/html" in output.data:  # the text of such an object is its address in memory
        output.data["text/plain"] = "…"
    return output


def _joined(outputs: Iterable[Any]) -> list[Any]:
    """Outputs with what was printed in one piece: how it was cut differs from run to run."""
    found: list[Any] = []
    for output in outputs:
        if output.output_type == "stream" and found and found[-1].output_type == "stream":
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def page(path: Path, notebook: Any) -> str:
    """The notebook as Markdown for the site."""
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```py\n{cell.source}\n```")
        parts += [_shown(output) for output in cell.outputs]
    parts.append(f"[The notebook]({path.name}), to run it yourself.")
    return "\n\n".join(parts) + "\n"


def _shown(output: Any) -> str:
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```"
    data = output.data
    if "text/html" in data:
        lines = [line.strip() for line in data["text/html"].splitlines() if line.strip()]
        return "\n".join(lines)
    return f"```text\n{data['text/plain'].rstrip()}\n```"


def main() -> None:
    """Run all notebooks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    given = parser.parse_args()
    wrong = False
    for path in given.notebooks:
        notebook = run(path)
        written = {path: nbformat.writes(notebook) + "\n"}
        written[path.with_suffix(".md")] = page(path, notebook)
        for target, text in written.items():
            if not given.check:
                target.write_text(text, encoding="utf-8")
                continue
            stored = target.read_text(encoding="utf-8").splitlines() if target.exists() else []
            lines = list(difflib.unified_diff(stored, text.splitlines(), "stored", "run", n=1))
            wrong |= bool(lines)
            print("\n".join([f"{target.name}: {len(lines)} lines differ", *lines[:40]]))
    sys.exit(wrong)


if __name__ == "__main__":
    main()
