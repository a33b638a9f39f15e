"""The explorer shows a workspace in the browser and as a REST API; needs ``kptm[serve]``."""

from kptm.serving.config import ServingConfig

__all__ = ["ServingConfig"]
