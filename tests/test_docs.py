"""The pages in docs/: links work, the first page leads to all, the reference is up to date."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from griffe import DocstringSectionKind as Kind

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(DOCS.rglob("*.md"))
LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import build_reference
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return build_reference


@pytest.fixture(scope="module")
def packages(tool):
    return tool.load()


def prose(path):
    """A page without its code, in which brackets are no links."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    return re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.M)


def links(path):
    """Where a page's links lead to: (file, anchor)."""
    for target in LINK.findall(prose(path)):
        if not target.startswith(("http://", "https://")):
            name, _, anchor = target.partition("#")
            yield (path.parent / name).resolve() if name else path, anchor


def anchors(path):
    """The anchors that GitHub gives a page's headings."""
    found = re.findall(r"^#{1,6} (.+)$", prose(path), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in found}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    known = {}
    for target, anchor in links(path):
        assert target.exists(), target
        if anchor:
            if target not in known:
                known[target] = anchors(target)
            assert anchor in known[target], f"{target}#{anchor}"


def test_every_page_is_in_the_index():
    there = {target for target, _ in links(DOCS / "README.md")}
    wanted = {path.resolve() for path in DOCS.rglob("*.md")} - {DOCS / "README.md"}
    assert wanted <= there, "docs/README.md lists every page"
    assert (DOCS / "README.md").resolve() in {target for target, _ in links(ROOT / "README.md")}


SOURCES = [
    path.relative_to(ROOT).as_posix()
    for folder in ("kg", "kptm", "migrations", "tests", "benchmarks", "tools")
    for path in (ROOT / folder).rglob("*.py")
]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_pages_name_exist(path):
    """A page may name a file by the end of its path: `gated.py`, `text/blocks.py`."""
    for name in re.findall(r"`([\w./]+\.py)`", prose(path)):
        ending = name.removeprefix("../")
        assert any(f"/{source}".endswith(f"/{ending}") for source in SOURCES), name


@pytest.mark.usefixtures("separate_process")
def test_the_site_builds(tmp_path):
    """Every page is in the menu, and every link and anchor has a target."""
    mkdocs = Path(sys.executable).parent / "mkdocs"
    if not mkdocs.exists():
        pytest.skip("mkdocs is not installed: pip install kptm[docs]")
    result = subprocess.run(
        [mkdocs, "build", "--strict", "--quiet", "--site-dir", tmp_path / "site"],
        capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "site" / "tutorial" / "index.html").exists()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


@pytest.mark.usefixtures("many_inputs")
def test_the_reference_is_what_the_source_says(tool):
    pages = tool.pages()
    assert {path.relative_to(DOCS).as_posix() for path in pages} == {
        "reference/kg.md", "reference/kptm.md",
    }  # fmt: skip
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, "python tools/build_reference.py"


@pytest.mark.usefixtures("many_inputs")
def test_the_reference_has_every_exported_name(packages):
    import kg
    import kptm

    for package in (kg, kptm):
        page = (DOCS / "reference" / f"{package.__name__}.md").read_text(encoding="utf-8")
        assert re.findall(r"^## `(.+)`$", page, re.M) == sorted(package.__all__, key=str.casefold)


def described(tool, packages):
    """Everything in the reference: (name, object)."""
    for package in packages.values():
        for name, found in tool.exported(package):
            yield name, found
            if found.is_class:
                yield from ((f"{name}.{each}", method) for each, method in tool.methods(found))


def test_what_is_public_says_what_it_is(tool, packages):
    for name, found in described(tool, packages):
        assert found.docstring, name
        assert found.docstring.parsed[0].kind is Kind.text, name


def sections(found, kind):
    return [item for part in found.docstring.parsed if part.kind is kind for item in part.value]


def test_arguments_are_those_of_the_signature(tool, packages):
    """Each named argument exists.

    A docstring that names some of the arguments names all of them.
    """
    for name, found in described(tool, packages):
        if found.is_attribute:
            continue
        known = {each.name for each in found.parameters} - {"self", "cls"}
        named = {item.name.lstrip("*") for item in sections(found, Kind.parameters)}
        assert named <= known, f"{name}: {named - known}"
        assert not named or named == known, f"{name}: {known - named}"


def test_fields_of_records_are_described(tool, packages):
    """A record describes its own fields if there are too many for one sentence."""
    for name, found in described(tool, packages):
        if found.is_class and "dataclass" in found.labels:
            own = {each.name for each in found.parameters} & set(found.members)
            named = {item.name for item in sections(found, Kind.attributes)}
            named |= {item.name for item in sections(found, Kind.parameters)}
            assert len(own) <= 4 or named, name
            assert not named or own <= named, f"{name}: {own - named}"
