"""The errors of ``kptm``; those of the graph are in ``kg.errors``.

    KPTMError
    ├── ConfigError         a setting that is unknown, or that cannot work
    ├── CorpusError         shards of a corpus that cannot be made or continued
    ├── LinkingError        text that cannot be linked
    ├── ModelError          a model that cannot be built, saved, loaded or trained
    │   └── CheckpointError     a checkpoint of another model, data or setting
    ├── ModeledgeError      vectors that do not fit the store
    └── WorkspaceError      a folder that is not a workspace, or lacks an output

A question without an answer raises no error: its ``Answer`` says that and why.
"""


class KPTMError(Exception):
    """The base class; a message says where the error is, what it is, and what to do."""


class ConfigError(KPTMError):
    """A setting that does not exist, or whose value cannot work."""


class CorpusError(KPTMError):
    """Shards that cannot be made, or that belong to another corpus or linker."""


class LinkingError(KPTMError):
    """Text that cannot be linked, or links that do not fit their text."""


class ModelError(KPTMError):
    """A model that cannot be built, saved, loaded or trained."""


class CheckpointError(ModelError):
    """A checkpoint that belongs to another model, other data or other settings."""


class ModeledgeError(KPTMError):
    """Vectors that do not fit the store, or a store that cannot be used."""


class WorkspaceError(KPTMError):
    """A folder that is not a workspace, or an operation that the workspace does not allow now."""
