"""The house: folders, circles, names, exports, references, long lines, comments, the README.

python tools/house.py           # the figures
python tools/house.py --list    # each folder, circle, name and line that they count
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import networkx as nx
from house_exports import not_exported
from house_names import participles
from house_references import unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
WIDTH = 100
"""Columns of a line."""
FOLDER = 12
"""Files of a folder, ``__init__.py`` not counted."""
DENSE = 1.5
"""Index, arithmetic and comparison operations a line from which on a function is dense."""
LINES = 8
"""The least lines of a dense function."""
SCHEMAS = Path("kptm/serving/schemas")
"""Its classes show values of the graph and of answers as JSON, and are called as these are."""


@dataclass(slots=True)
class Figures:
    """What was counted, each with the places that it counts."""

    files: int = 0
    median: int = 0
    folders: list[str] = field(default_factory=list)
    circles: list[str] = field(default_factory=list)
    circles_of_types: list[str] = field(default_factory=list)
    file_names: list[str] = field(default_factory=list)
    class_names: list[str] = field(default_factory=list)
    not_exported: list[str] = field(default_factory=list)
    participles: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    long_lines: list[str] = field(default_factory=list)
    comments: float = 0.0
    comments_of_dense: float = 0.0
    uncommented: list[str] = field(default_factory=list)
    readme_lines: int = 0
    readme_words: int = 0


def measure(root: Path = ROOT) -> Figures:
    """Count everything."""
    found = Figures()
    paths = sorted(path for name in ("kg", "kptm") for path in (root / name).rglob("*.py"))
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lengths = sorted(len(text.splitlines()) for text in texts.values())
    found.files, found.median = len(paths), lengths[len(lengths) // 2]
    rooms = [path for path in paths if path.name != "__init__.py"]
    sizes = Counter(path.parent.relative_to(root).as_posix() for path in rooms)
    found.folders = [f"{name}: {count}" for name, count in sizes.items() if count > FOLDER]
    found.circles = circles(trees, root, types=False)
    found.circles_of_types = circles(trees, root, types=True)
    found.file_names = twice(
        (path.name, path) for path in rooms if path.relative_to(root).parts[0] == "kptm"
    )
    found.class_names = twice(
        (node.name, path)
        for path, tree in trees.items()
        if path.parent != root / SCHEMAS
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    packages = {module(path, root) for path in paths if path.name == "__init__.py"}
    by_name = {module(path, root): tree for path, tree in trees.items()}
    found.not_exported = not_exported(by_name, packages)
    found.participles = participles(by_name)
    found.unresolved = unresolved(
        by_name, {module(path, root): text for path, text in texts.items()}
    )
    code = 0
    comments = 0
    for path, text in texts.items():
        for number, line in enumerate(text.splitlines(), 1):
            code += bool(line.strip())
            if is_long(line):
                found.long_lines.append(f"{path.relative_to(root)}:{number}")
    dense_lines = dense_comments = 0
    for path, text in texts.items():
        rows = comment_rows(text)
        comments += len(rows)
        for function, lines in dense_functions(trees[path], text):
            own = len(rows & set(lines))
            dense_lines, dense_comments = dense_lines + len(lines), dense_comments + own
            if not own:
                found.uncommented.append(f"{path.relative_to(root)}:{function.lineno}")
    found.comments = 100 * comments / max(code, 1)
    found.comments_of_dense = 100 * dense_comments / max(dense_lines, 1)
    readme = (root / "README.md").read_text(encoding="utf-8")
    found.readme_lines, found.readme_words = len(readme.splitlines()), len(readme.split())
    return found


def is_long(line: str) -> bool:
    """Whether a line is too long, as E501 counts: one word, or a directive, may stand out."""
    return len(line.split()) > 1 and len(re.sub(r"  # (noqa|type:).*", "", line)) > WIDTH


def comment_rows(text: str) -> set[int]:
    """The lines with a comment, directives such as ``noqa`` not counted."""
    return {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
        and not re.match(r"#\s*(noqa|type:|fmt:)[^#]*$", token.string)
    }


def dense_functions(tree: ast.Module, text: str) -> Iterator[tuple[ast.FunctionDef, list[int]]]:
    """Functions of index arithmetic and formulas, with the lines of their bodies."""
    written = [bool(line.strip()) for line in text.splitlines()]
    operations = (ast.BinOp, ast.UnaryOp, ast.Subscript, ast.AugAssign, ast.Compare)
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            body = function.body[ast.get_docstring(function) is not None :]
            first = body[0].lineno if body else 0
            # A comment above the first statement belongs to the body.
            lines = [n for n in range(first - 1, (function.end_lineno or 0) + 1) if written[n - 1]]
            count = sum(isinstance(node, operations) for part in body for node in ast.walk(part))
            if body and len(lines) >= LINES and count >= DENSE * len(lines):
                yield function, lines


def twice(pairs: object) -> list[str]:
    """Names that more than one file has; ``config.py`` is what a package's settings are called."""
    places: defaultdict[str, set[Path]] = defaultdict(set)
    for name, path in pairs:  # type: ignore[attr-defined]
        places[name].add(path)
    return [
        f"{name}: {len(where)}"
        for name, where in sorted(places.items())
        if len(where) > 1 and name != "config.py"
    ]


def circles(trees: dict[Path, ast.Module], root: Path, *, types: bool) -> list[str]:
    """Modules that import each other; ``types`` counts imports for type checking, too."""
    graph = nx.DiGraph()
    rooms = {module(path, root): path for path in trees if path.name != "__init__.py"}
    for path in rooms.values():
        tree = trees[path]
        own = module(path, root)
        nodes = tree.body if not types else [tree]
        for node in nodes:
            if not types and isinstance(node, ast.If):
                continue
            for each in ast.walk(node):
                graph.add_edges_from((own, target) for target in imported(each) if target in rooms)
    return [
        " ⇄ ".join(sorted(part))
        for part in nx.strongly_connected_components(graph)
        if len(part) > 1
    ]


def imported(node: ast.AST) -> Iterator[str]:
    """What a node may import: a module, or ``from package import module``."""
    if isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{item.name}" for item in node.names)


def module(path: Path, root: Path) -> str:
    """The dotted name of a file."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print each place")
    listed = parser.parse_args().list
    found = measure()
    rows = {
        f"folders of more than {FOLDER} files": found.folders,
        "circles at import": found.circles,
        "circles of types": found.circles_of_types,
        "file names used twice in kptm": found.file_names,
        "class names used twice": found.class_names,
        "public signatures: classes not exported": found.not_exported,
        "functions called by a participle": found.participles,
        "references of docstrings to nothing": found.unresolved,
        f"lines over {WIDTH}": found.long_lines,
        "dense functions without a comment": found.uncommented,
    }
    print(f"{found.files} files, median {found.median} lines")
    for name, places in rows.items():
        print(f"{len(places):6} {name}")
        for place in places if listed else ():
            print(f"         {place}")
    print(f"{found.comments:6.1f} comments in a hundred lines")
    print(f"{found.comments_of_dense:6.1f} comments in a hundred lines of dense functions")
    print(f"{found.readme_lines:6} lines and {found.readme_words} words of README.md")


if __name__ == "__main__":
    sys.exit(main())
