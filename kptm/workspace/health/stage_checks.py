"""Checks the outputs of the stages: checksums of folders, and whether files can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.errors import KGError
from kptm.errors import KPTMError
from kptm.workspace.health import manifest_checks
from kptm.workspace.health.findings import Finding
from kptm.workspace.health.manifest_checks import EMBEDDINGS, manifest_in, problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from kptm.workspace.layout import Layout


def check_stages(layout: Layout) -> Iterator[Finding]:
    """The damaged outputs of stages."""
    yield from _embeddings(layout)
    yield from _folder("model-damaged", layout.model, "run kptm pretrain", has=layout.has_model)
    yield from _models("finetuned-damaged", layout.finetuned, "run kptm finetune")
    yield from _models("compressed-damaged", layout.compressed, "run kptm compress")
    yield from _models("module-damaged", layout.modules, "run kptm pretrain --module")
    if layout.linking_index.exists():
        for text in problems_of(layout.linking_index, "manifest.json", suffix=".npy"):
            remedy = "run kptm link, which rebuilds the index"
            yield Finding("linking-index-damaged", False, text, remedy)
            break
    yield from _learnt_files(layout)


def _embeddings(layout: Layout) -> Iterator[Finding]:
    if not layout.has_embeddings:
        return
    problems = list(problems_of(layout.embeddings, EMBEDDINGS)) or _vector_problems(layout)
    for text in problems:
        yield Finding("embeddings-damaged", True, text, "run kptm embed")


def _vector_problems(layout: Layout) -> list[str]:
    """The problems of the file of vectors, which has a checksum for each block."""
    from kg.embedding.files.vectors import Vectors

    path = layout.embeddings / "vectors.safetensors"
    try:
        if not path.is_file():
            return [f"{path}: is missing, or is not a plain file"]
        for _ in Vectors(path).chunks():
            pass
    except (KGError, OSError) as error:
        return [str(error)]
    return []


def _folder(name: str, folder: Path, remedy: str, *, has: bool) -> Iterator[Finding]:
    manifest = manifest_in(folder)
    if manifest is None:
        if has:
            yield Finding(name, True, f"{folder}: has no manifest", remedy)
        return
    for text in problems_of(folder, manifest):
        yield Finding(name, True, text, remedy)


def _models(name: str, folder: Path, remedy: str) -> Iterator[Finding]:
    if folder.is_dir():
        for model_folder in sorted(folder.iterdir()):
            if model_folder.is_dir() and not model_folder.name.startswith("."):
                yield from _folder(name, model_folder, remedy, has=False)


def _learnt_files(layout: Layout) -> Iterator[Finding]:
    for path, load, remedy in _readers(layout):
        if not path.exists() and not path.is_symlink():
            continue
        if not path.is_file():
            text, remedy = f"{path}: is not a plain file", f"remove {path.name}, then {remedy}"
            yield Finding("file-unreadable", True, text, remedy)
            continue
        try:
            load(path)
        except (KPTMError, KGError, OSError, ValueError) as error:
            yield Finding("file-damaged", True, f"{path}: {error}", remedy)


def _readers(layout: Layout) -> Iterator[tuple[Path, Callable[[Path], object], str]]:
    """Each learnt file with the function that reads it and the command that makes it."""
    from kptm.answering.combination.source_weights import SourceWeights
    from kptm.answering.parsing.model import ReadingModel
    from kptm.data import Phrasings
    from kptm.duplicates import DuplicateModel
    from kptm.extraction.extractor_storage import load as load_extractor
    from kptm.passages.reader.reader_model import ReaderModel
    from kptm.sync.manifest import Manifest

    yield layout.phrasings, Phrasings.load, "run kptm index"
    yield layout.questions, ReadingModel.load, "delete it, then run kptm learn"
    yield (
        layout.weights,
        lambda path: SourceWeights.load(path, space=""),
        ("delete it, then run kptm learn"),
    )
    yield layout.reader, ReaderModel.load, "run kptm index"
    yield layout.extractor, load_extractor, "delete it, then run kptm extract"
    yield layout.duplicates, DuplicateModel.load, "delete it, then run kptm duplicates --fit"
    yield layout.sync_manifest, Manifest.read, "delete it, then run kptm sync"


def formats_of(layout: Layout) -> dict[str, str]:
    """The versions of the formats in which stages were written."""
    files = {
        "embeddings format": (layout.embeddings / EMBEDDINGS, "format"),
        "model format": (layout.model / "kptm.json", "format"),
        "linking index format": (layout.linking_index / "manifest.json", "version"),
        "questions format": (layout.questions, "version"),
        "sync format": (layout.sync_manifest, "format"),
    }
    read = {name: manifest_checks.read_json(path).get(key) for name, (path, key) in files.items()}
    return {name: str(value) for name, value in read.items() if value is not None}
