"""The tutorial's commands print what the page shows, and the tool notices differences."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def tool():
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import walk_page
    finally:
        sys.path.remove(str(ROOT / "tools"))
    return walk_page


@pytest.mark.usefixtures("separate_process")
def test_the_tutorial_prints_what_it_shows(tool, tmp_path):
    page = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    walked = list(tool.walk(page, tmp_path))
    assert len(walked) > 20
    differ = [
        f"$ {step.command}\n{told}" for step, told in walked if not tool.agree(step.shown, told)
    ]
    assert not differ, "python tools/walk_page.py docs/tutorial.md --write\n" + "\n".join(differ)


@pytest.mark.parametrize(
    ("shown", "told", "agrees"),
    [
        ("a  b\nc\n", "a b\nc", True),
        ("a\n", "a\nb\n", False),
        ("took … s\n", "took 3.1 s\n", True),
        ("took … s\n", "took 3.1 ms\n", False),
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("…\n", "", True),
        ("a.c\n", "abc\n", False),
        ("(1) [2]\n", "(1) [2]\n", True),
        ("", "\n", True),
        ("", "a\n", False),
        ("┏━━━┳━┓\n", "┏━┳━━━━┓\n", True),  # a column is as wide as the times in it
        ("┏━━━┳━┓\n", "┏━┓\n", False),
        ("│ ms │ … │\n└─┴─┘", "│ ms │ 9.1 [8.0, │\n│    │ 1022.5]   │\n└─┴─┘", True),
        ("│ ms │ … │\n└─┴─┘", "│ ms │ 9.1 [8.0, │\n│    │ Paris     │\n└─┴─┘", False),
    ],
)
def test_what_agrees(tool, shown, told, agrees):
    assert tool.agree(shown, told) is agrees


PAGE = """Text, and `$ not this`.

```console
$ printf 'one\\ntwo\\n'
one
wrong
$ printf 'took 3 s\\nmore\\n'
took … s
less
$ kptm --version
```

```text
$ nor this
```
"""


@pytest.mark.usefixtures("separate_process")
def test_a_page_is_corrected_where_it_is_wrong(tool, tmp_path):
    before = dict(os.environ)
    assert [step.command for step in tool.steps(PAGE)] == [
        r"printf 'one\ntwo\n'", r"printf 'took 3 s\nmore\n'", "kptm --version",
    ]  # fmt: skip
    found = tool.rewritten(PAGE, tmp_path)
    assert "one\ntwo\n$ printf" in found
    assert "took … s\nmore\n$ kptm --version\nkptm, version " in found
    assert found.endswith("```\n\n```text\n$ nor this\n```\n")
    assert all(tool.agree(step.shown, told) for step, told in tool.walk(found, tmp_path))
    assert dict(os.environ) == before


@pytest.mark.usefixtures("separate_process")
def test_a_command_that_fails_is_no_page(tool, tmp_path):
    for command in ("kptm stats nowhere", "false"):
        with pytest.raises(RuntimeError, match="exit code 1"):
            list(tool.walk(f"```console\n$ {command}\n```\n", tmp_path))
