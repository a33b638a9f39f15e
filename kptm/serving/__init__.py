"""The explorer: a workspace in the browser and by REST. Needs ``pip install "kptm[serve]"``."""

from kptm.serving.config import ServingConfig

__all__ = ["ServingConfig"]
