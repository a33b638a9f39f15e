"""``kptm.toml``: all settings of a workspace, with strict validation."""

from __future__ import annotations

import codecs
import json
import tomllib
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from kg.deprecation import OldName
from kg.embedding.config import KGEConfig
from kg.errors import KGError
from kg.files.atomic import write_text
from kg.naming.languages import checked_languages
from kg.values import KINDS
from kptm.answering.settings import AnsweringConfig
from kptm.constraints.config import ConstraintsConfig
from kptm.errors import ConfigError
from kptm.finetuning.config import FinetuneConfig
from kptm.fusion.config import FusionConfig
from kptm.fusion.small_bert import BackboneConfig
from kptm.linking.config import LinkingConfig
from kptm.modeledge.engines.engine_config import EngineConfig
from kptm.passages.config import TextsConfig
from kptm.pretraining.config import PretrainConfig
from kptm.workspace.database.database_config import DatabaseConfig

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class GraphConfig:
    """The languages of labels, and the types of values in tables.

    Attributes:
        languages: The preferred languages of labels and descriptions, best first: tags such as "de"
            or "pt-BR".
        types: The types of tails in TSV and CSV by relation, instead of guesses: "entity", "text",
            "integer", …; types given with a load take precedence.
    """

    languages: tuple[str, ...] = ()
    types: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "languages", checked_languages(self.languages))
        for relation, kind in self.types.items():
            if kind not in KINDS:
                known = ", ".join(KINDS)
                raise ConfigError(f"types: {relation!r} is {kind!r}, but must be one of {known}")


@dataclass(frozen=True, kw_only=True)
class WorkspaceConfig:
    """The sections of ``kptm.toml``.

    Attributes:
        database: Where the tables are: in SQLite's file of the folder, or in PostgreSQL.
        graph: The languages of labels, and the types of values in tables.
        linking: The detection of mentions, and the encoder for ambiguous ones.
        answering: The encoder that compares questions with relations.
        texts: The encoders of passages and of extraction.
        embedding: The training of entity embeddings.
        backbone: The Transformer: a pretrained one, or the size of a new one.
        fusion: The mechanism and the layers of fusion.
        pretraining: The objectives, steps, batch size and learning rate of pretraining.
        finetuning: The steps, batch size and learning rate of fine-tuning.
        modeledge: The engine that searches the vectors of modeledge.
        constraints: The constraints that are checked.
    """

    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    graph: GraphConfig = field(default_factory=GraphConfig)
    linking: LinkingConfig = field(default_factory=LinkingConfig)
    answering: AnsweringConfig = field(default_factory=AnsweringConfig)
    texts: TextsConfig = field(default_factory=TextsConfig)
    embedding: KGEConfig = field(default_factory=lambda: KGEConfig(dim=16, epochs=60))
    backbone: BackboneConfig = field(default_factory=BackboneConfig)
    fusion: FusionConfig = field(default_factory=lambda: FusionConfig(max_length=64))
    pretraining: PretrainConfig = field(
        default_factory=lambda: PretrainConfig(learning_rate=3e-3, checkpoint_every=100)
    )
    finetuning: FinetuneConfig = field(default_factory=FinetuneConfig)
    modeledge: EngineConfig = field(default_factory=EngineConfig)
    constraints: ConstraintsConfig = field(default_factory=ConstraintsConfig)

    replaced = OldName("with_changes")

    def with_changes(self, changes: Iterable[str]) -> WorkspaceConfig:
        """A copy with changes given as ``section.key=value``, the form of ``--set``.

        Raises:
            ConfigError: A change is malformed, names no setting, or has a value of a wrong type.
        """
        sections = {name: dict(values) for name, values in asdict(self).items()}
        for change in changes:
            name, equals, value = change.partition("=")
            section, dot, key = name.strip().partition(".")
            if not equals or not dot:
                raise ConfigError(f"--set {change}: write it as section.key=value")
            if section not in sections:
                raise ConfigError(f"--set {change}: sections are {', '.join(sections)}")
            try:
                sections[section][key] = tomllib.loads(f"x = {value}")["x"]
            except tomllib.TOMLDecodeError:
                sections[section][key] = value.strip()
        return from_sections(sections, "--set")


def from_sections(sections: dict[str, Any], where: str) -> WorkspaceConfig:
    """Build a configuration; unknown sections and keys, and values of a wrong type, are refused.

    Raises:
        ConfigError: A section or key is unknown, or a value has a wrong type.
    """
    known = {item.name: item for item in fields(WorkspaceConfig)}
    unknown = sorted(set(sections) - set(known))
    if unknown:
        raise ConfigError(f"{where}: no section {unknown[0]!r}; there are {', '.join(known)}")
    built: dict[str, Any] = {}
    standard = WorkspaceConfig()
    for name, values in sections.items():
        default = getattr(standard, name)
        if not isinstance(values, dict):
            raise ConfigError(f"{where}: [{name}] must be a section")
        for key, value in values.items():
            if key not in asdict(default):
                options = ", ".join(asdict(default))
                raise ConfigError(f"{where}: [{name}] has no setting {key!r}; there are {options}")
            _check_type(f"{where}: {name}.{key}", value, _example(default, key))
        try:
            built[name] = type(default)(**{**asdict(default), **values})
        except (KGError, ConfigError, TypeError) as error:
            raise ConfigError(f"{where}: [{name}] {error}") from error
    return WorkspaceConfig(**built)


def _example(section: Any, key: str) -> Any:
    """A value of a setting's type: its default, or 1 or a list of numbers if that is None."""
    value = getattr(section, key)
    if value is None:
        return [0] if key == "layers" else 1
    return value


def _check_type(where: str, value: Any, default: Any) -> None:
    if value is None:
        return
    if isinstance(default, list | tuple):
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{where} must be a list, not {value!r}")
        for item in value:
            _check_type(where, item, default[0] if default else "")
        return
    wanted = float if isinstance(default, float) else type(default)
    fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
    if not fits or (isinstance(value, bool) and wanted is not bool):
        raise ConfigError(f"{where} must be {wanted.__name__}, not {value!r}")


def read(path: Path) -> WorkspaceConfig:
    """Read ``kptm.toml``.

    Raises:
        ConfigError: The file is malformed or has an unknown section or key.
    """
    try:
        raw = path.read_bytes()
        wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        sections = tomllib.loads(raw.decode("utf-16" if wide else "utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return from_sections(sections, str(path))


def write(path: Path, config: WorkspaceConfig) -> None:
    """Write ``kptm.toml`` with every setting and its value."""
    lines = []
    for section, values in asdict(config).items():
        lines.append(f"[{section}]")
        for key, value in values.items():
            if value is not None:
                lines.append(f"{key} = {_toml(value)}")
        lines.append("")
    write_text(path, "\n".join(lines))


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return repr(value)
