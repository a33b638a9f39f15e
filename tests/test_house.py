"""The rules of the house: what an import loads, which way imports run, and other promises."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

import kptm
from kptm.cli.main import main

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HEAVY = {"torch", "pykeen", "faiss", "transformers", "sqlalchemy"}
SOURCES = sorted([*ROOT.glob("kg/**/*.py"), *ROOT.glob("kptm/**/*.py")])


def python(code):
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def imported(path):
    """The packages that a file imports, in functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (item.name.split(".")[0] for item in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.split(".")[0]


@pytest.mark.usefixtures("many_inputs")
def test_every_package_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    lines = [*project["dependencies"], *(line for extra in extras for line in extra)]
    declared = {dashed(re.match(r"[\w.-]+", line)[0]) for line in lines}
    tests = list(ROOT.glob("tests/**/*.py"))
    files = [*SOURCES, *tests, *ROOT.glob("tools/*.py"), *ROOT.glob("migrations/**/*.py")]
    names = {name for path in files for name in imported(path)} - sys.stdlib_module_names
    given = packages_distributions()  # helpers of the tests belong to no distribution
    unknown = {
        name
        for name in names & given.keys()
        if declared.isdisjoint(dashed(one) for one in given[name])
    }
    assert unknown == set()


def dashed(name):
    return name.lower().replace("_", "-")


@pytest.mark.parametrize("module", ["kg", "kptm", "kptm.errors", "kptm.cli.main"])
def test_an_import_loads_nothing_heavy(module):
    assert not HEAVY & set(python(f"import sys, {module}; print(*sys.modules)"))


def test_a_verb_that_needs_no_model_loads_none():
    loaded = python("import sys, kptm.workspace, kptm.linking, kg.graph; print(*sys.modules)")
    assert not (HEAVY - {"sqlalchemy"}) & set(loaded)


PACKAGES = [
    ".".join(path.relative_to(ROOT).parent.parts)
    for path in SOURCES
    if path.name == "__init__.py" and "__all__ =" in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_surface_resolves(package):
    module = import_module(package)
    assert len(module.__all__) == len(set(module.__all__))
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        found = getattr(module, name)
        assert not isinstance(found, type) or found.__doc__
    with pytest.raises(AttributeError, match="no attribute"):
        _ = module.nothing_of_that_name


def test_imports_run_one_way():
    tool = Path(sys.executable).parent / "lint-imports"
    if not tool.exists():
        pytest.skip("import-linter is not installed")
    result = subprocess.run([tool], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_room(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert path.name not in ("utils.py", "helpers.py", "common_utils.py")
    assert ast.get_docstring(ast.parse(text)), "say in a line what the module is"
    assert not re.search(r"#\s*(noqa|type: ignore)\s*$", text, re.MULTILINE), "say what is ignored"


def test_only_one_room_imports_each_library():
    rooms = {
        "faiss": "kptm/modeledge/vector_index/faiss_index.py",
        "pgvector": "kptm/modeledge/engines/pgvector_index.py",
        "qdrant_client": "kptm/modeledge/engines/qdrant_index.py",
        "alembic": "kg/sql/migrate.py",
    }
    for library, room in rooms.items():
        pattern = re.compile(rf"^\s*(?:import|from) {library}\b", re.MULTILINE)
        found = [
            str(path.relative_to(ROOT)) for path in SOURCES if pattern.search(path.read_text())
        ]
        assert found == [room]


WITH_EXAMPLES = [
    path
    for path in (README, *sorted((ROOT / "docs").rglob("*.md")))
    if "```python\n" in path.read_text(encoding="utf-8")
]


@pytest.mark.usefixtures("training")
@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=lambda path: path.name)
def test_the_examples_run(path, tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "example"}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{path.name}, block {number}", "exec"), names)


def documented():
    """``kptm VERB`` as README and docs write it in code."""
    for path in (README, *sorted((ROOT / "docs").rglob("*.md"))):
        text = path.read_text(encoding="utf-8")
        code = [*re.findall(r"^(?: {4}|\t)(.*)$", text, re.M), *re.findall(r"`([^`\n]+)`", text)]
        code += re.findall(r"^```(?:sh|bash|console|text)?\n(.*?)^```", text, re.M | re.S)
        for part in code:
            for verb in re.findall(r"(?:^|\s{2,}|\$ )kptm ([a-z]+)\b", part, re.M):
                yield path.name, verb


def test_documented_verbs_are_commands():
    for where, verb in documented():
        assert isinstance(main.commands.get(verb), click.Command), f"{where}: kptm {verb}"


def test_every_verb_is_documented():
    assert set(main.commands) - {verb for _, verb in documented()} <= {"demo"}


def test_a_folder_is_all_that_a_workspace_needs(trained, tmp_path, monkeypatch):
    """A workspace that was moved gives the same answers, from any working directory."""
    from kptm import Workspace

    moved = shutil.copytree(trained, tmp_path / "moved")
    monkeypatch.chdir(os.sep)
    with Workspace.open(moved) as ws:
        assert ws.ask("The capital of Peru is [MASK].").entity == "Lima"


@pytest.fixture(scope="module")
def figures():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import house
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return house.measure(ROOT)


def test_rooms_are_small_and_the_front_page_is_short(figures):
    assert figures.median < 150
    assert figures.readme_lines <= 80
    assert figures.readme_words <= 700


def test_rooms_that_import_each_other(figures):
    """No circle, at import or for type checking."""
    assert len(figures.circles) == 0, figures.circles
    assert len(figures.circles_of_types) == 0, figures.circles_of_types


def test_folders_are_small(figures):
    """No folder holds more than twelve files."""
    assert len(figures.folders) == 0, figures.folders


def test_what_public_signatures_mention_is_exported(figures):
    """A class in the signature of a public class or function can be imported from a package."""
    assert len(figures.not_exported) == 0, figures.not_exported


def test_an_alias_and_a_delegated_method_mention_classes():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        from house_exports import not_exported
    finally:
        sys.path.remove(str(ROOT / "tools"))
    parts = {
        "a": "from a.b import Face\n__all__ = ['Face']",
        "a.b": "from a.c import Parts as P\nclass Face:\n go = Delegated('x', P.go)",
        "a.c": "class X: ...\nclass Y: ...\nclass Parts:\n def go(self, x: Pair) -> None: ...\n"
        " def _own(self, y: Y) -> None: ...\nPair = tuple[X, int]",
    }
    trees = {name: ast.parse(text) for name, text in parts.items()}
    assert not_exported(trees, {"a"}) == ["a.c.X: in Face"]


def test_class_names_are_used_once(figures):
    """No class name is used twice; the API's schemas are named after what they show."""
    assert len(figures.class_names) == 0, figures.class_names


def test_functions_are_called_by_what_they_do(figures):
    """No function is called by a participle alone ("told", "kept"); properties may be."""
    assert len(figures.participles) == 0, figures.participles


def test_references_of_docstrings_lead_somewhere(figures):
    """Each :func:, :meth: or :class: of a docstring names a part that exists."""
    assert len(figures.unresolved) == 0, figures.unresolved


def test_a_wrong_name_and_a_wrong_reference_are_found(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    from house_names import participles
    from house_references import unresolved

    source = """
from kg.b import Base
class Face(Base):
    \"\"\"See :meth:`go`, :meth:`of_base`, :func:`kg.b.there`, :meth:`gone` and :mod:`kg.c`.\"\"\"
    @property
    def added(self): ...
    def told(self): ...
    def go(self):
        def kept(): ...
    def embed(self): ...
    def find_told(self): ...
"""
    base = "class Base:\n    def of_base(self): ...\ndef there():\n    ':class:`torch.Tensor`'\n"
    texts = {"kg.a": source, "kg.b": base}
    trees = {name: ast.parse(text) for name, text in texts.items()}
    assert participles(trees) == ["kg.a.Face.told", "kg.a.Face.go.kept"]
    assert unresolved(trees, texts) == ["kg.a: gone", "kg.a: kg.c"]


def test_dense_code_is_commented(figures):
    """Index arithmetic and formulas have at least three comments in a hundred lines."""
    assert figures.comments_of_dense >= 3, figures.uncommented


def test_lines_are_short(figures):
    """No line is longer than what ruff is told; E501 says so of tests, benchmarks and tools."""
    assert len(figures.long_lines) == 0, figures.long_lines


def test_file_names_are_used_once(figures):
    """No file name is used twice in kptm."""
    assert len(figures.file_names) == 0, figures.file_names


def test_one_version_everywhere():
    """The package, its metadata, its citation and the newest section of the changelog."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "CHANGELOG.md")]
    cited, released = (
        re.search(pattern, text, re.MULTILINE)[1]
        for pattern, text in zip((r"^version: (.+)$", r"^## \[(\d.+?)\]"), texts, strict=True)
    )
    assert project["version"] == kptm.__version__ == cited == released


def test_no_workspace_is_kept_among_the_sources():
    """A workspace made in the wrong folder was committed once."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    kept = subprocess.run(
        ["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout.splitlines()
    odd = [name for name in kept if not re.fullmatch(r"[\w./-]+", name) or name.endswith(".db")]
    assert odd == []
