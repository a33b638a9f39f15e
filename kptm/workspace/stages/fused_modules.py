"""The modules of a workspace's model: training, files, and the choice for questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kptm.errors import ConfigError, WorkspaceError
from kptm.fusion.model_manifest import check_target
from kptm.linking import LinkedText
from kptm.texts import read_documents
from kptm.workspace.files.stage_locks import stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from kptm.answering.sources.module_choice import ModuleChoice
    from kptm.fusion import FusedModel, ModularModel
    from kptm.pretraining import PretrainReport
    from kptm.workspace.graph import WorkspaceGraph
    from kptm.workspace.models import WorkspaceModels


class FusedModules:
    """The modules of a workspace's model, one folder each in ``modules/``."""

    def __init__(self, base: WorkspaceGraph, models: WorkspaceModels) -> None:
        self._base, self._models = base, models

    def pretrain_module(
        self,
        name: str,
        texts: str | Path | Iterable[str | LinkedText],
        *,
        progress: Callable[[int, float], None] | None = None,
    ) -> PretrainReport:
        """Train a new module beside the saved model, whose own weights do not change.

        Its mechanism and layers are those of ``[fusion]``, its steps those of ``[pretraining]``. A
        module with this name is replaced.

        Args:
            name: The name of the module.
            texts: A file or folder of texts, or texts, linked or not.
            progress: Called after each step.

        Raises:
            WorkspaceError: There is no model yet.
            ConfigError: The name is no name of a folder, is "default" or "auto", or the kind of
                fusion cannot be a module.
            ModelError: There are no texts, or the folder has other content.
        """
        from kptm.answering.sources.module_choice import AUTO
        from kptm.fusion import ModularModel
        from kptm.fusion.modules.modular_model import check_name
        from kptm.fusion.modules.module_storage import MODULE
        from kptm.fusion.modules.type_router import count_types
        from kptm.pretraining import pretrain

        check_name(name)
        if name == AUTO:
            raise ConfigError(f"{name!r} stands for the choice of a module; use another name")
        layout, config = self._base.layout, self._base.config
        settings = replace(config.pretraining, freeze_backbone=True, lora_rank=0)
        check_target(layout.module_for(name), MODULE)
        with stage(layout, "pretrain"):
            modules = ModularModel(self._models.model())
            modules.add_adapter(name, config.fusion, seed=config.pretraining.seed)
            modules.set_adapter(name)
            documents = list(self._documents(texts))
            report = pretrain(
                modules.model, documents, config=settings, graph=self._base.graph,
                progress=progress,
            )  # fmt: skip
            keys = [link.entity for text in documents for link in text.links if link.entity]
            entities = self._base.graph.entities(dict.fromkeys(keys))
            types = {key: entity.types for key, entity in entities.items()}
            modules.modules[name].types = count_types(keys, types)
            modules.save_adapter(layout.module_for(name), name)
        self._base.note_change()
        return report

    def _documents(self, texts: str | Path | Iterable[str | LinkedText]) -> Iterator[LinkedText]:
        documents = list(read_documents(texts) if isinstance(texts, str | Path) else texts)
        linked = self._base.link(text for text in documents if isinstance(text, str))
        for text in documents:
            yield text if isinstance(text, LinkedText) else next(linked)

    def modular_model(self, model: FusedModel | None = None) -> ModularModel:
        """The saved model with all modules of the workspace; its own module is active.

        Args:
            model: The model, if it is loaded already.

        Raises:
            WorkspaceError: There is no model yet.
            ModelError: A module is damaged, or belongs to an earlier model.
        """
        from kptm.fusion import ModularModel

        modules = ModularModel(model or self._models.model())
        for name in module_names(self._base):
            modules.load_adapter(self._base.layout.module_for(name), name)
        return modules

    def choice(self, model: FusedModel | None) -> ModuleChoice | None:
        """The modules of the setting ``answering.modules``; None if it names none.

        Raises:
            WorkspaceError: There is no such module.
        """
        names = self._base.config.answering.modules
        if model is None or not names:
            return None
        from kptm.answering.sources.module_choice import AUTO, ModuleChoice

        modules = self.modular_model(model)
        unknown = [name for name in names if name not in modules.modules and names != (AUTO,)]
        if unknown:
            known = ", ".join(modules.modules)
            raise WorkspaceError(
                f"{self._base.folder}: has no module {unknown[0]!r}, only {known}; make one with"
                " kptm pretrain --module"
            )
        return ModuleChoice(self._base.graph, modules, names)


def module_names(base: WorkspaceGraph) -> list[str]:
    """The names of a workspace's modules, sorted."""
    folder = base.layout.modules
    inside = folder.iterdir() if folder.is_dir() else ()
    return sorted(path.name for path in inside if (path / "module.json").is_file())
