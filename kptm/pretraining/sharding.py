"""Divides a training among processes: FSDP2, the stages 2 and 3 of ZeRO, and ZeRO-Offload.

Each process stores a part of every weight, of its gradient and of the optimiser's state, and
processes exchange whole weights layer by layer (Rajbhandari et al. 2020, *ZeRO*; Zhao et al. 2023,
*PyTorch FSDP*). With offloading, these parts are in the memory of the host, and the optimiser steps
on its processor (Ren et al. 2021, *ZeRO-Offload*).

Checkpoints hold whole tensors in the format of a training that is not divided. So any number of
processes can resume them.
"""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from kptm.errors import CheckpointError, ConfigError
from kptm.fusion.backbones.backbone_parts import encoder_layers
from kptm.pretraining.processes import processes, trains_on_cpu

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor
    from torch.optim import Optimizer

    from kptm.pretraining.config import PretrainConfig
    from kptm.pretraining.objectives import Objective
    from kptm.pretraining.pretraining_model import PretrainingModel

ENGINES = "FSDP", "DEEPSPEED"
"""Engines that ``accelerate launch`` can wrap a model with."""


class ShardedModel:
    """A copy of a model, of which each process has a part.

    Every process has to call each method.

    Args:
        original: The whole model, which :meth:`finish` changes.
        config: The tensors to divide, and whether the parts are in the memory of the CPU.

    Attributes:
        part: The part of this process; :class:`torch.nn.Module` as the original.
    """

    def __init__(self, original: PretrainingModel, config: PretrainConfig) -> None:
        self._original = original
        fused = original.model
        unchanged = (fused.embeddings, fused.tokenizer, fused.encoder)
        self.part = copy.deepcopy(original, {id(item): item for item in unchanged})
        _give_scalars_a_dimension(self.part)
        on_cpu = trains_on_cpu(config.device)
        accelerator = None if on_cpu else torch.accelerator.current_accelerator()
        kind = "cpu" if accelerator is None else accelerator.type
        count = torch.distributed.get_world_size()
        settings: dict[str, Any] = {"mesh": init_device_mesh(kind, (count,))}
        if config.offload:
            settings["offload_policy"] = CPUOffloadPolicy(pin_memory=not on_cpu)
        for layer in dict.fromkeys(encoder_layers(self.part.model.backbone)):  # shared layers once
            fully_shard(layer, **settings, reshard_after_forward=config.sharding == "zero3")
        root = fully_shard(self.part, **settings)
        # A batch may have items of an objective in one process only; all must reduce the same
        # gradients.
        root.set_reduce_scatter_unused_params(True)

    def weights(self) -> dict[str, Tensor]:
        """The whole state by name, as a checkpoint has it: tied weights once, and with buffers."""
        parameters = dict(self.part.named_parameters())
        tied = {name for name, _ in self._original.named_parameters(remove_duplicate=False)}
        buffers = {
            name: value for name, value in self.part.state_dict().items() if name not in tied
        }
        return buffers | {
            name: _whole(parameters[name]).reshape(weight.shape)
            for name, weight in self._original.named_parameters()
        }

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Divide whole weights among the processes.

        Args:
            weights: The weights by name; tied ones by either name.

        Raises:
            CheckpointError: A weight is missing, or has another shape.
        """
        own_parameters = dict(self.part.named_parameters(remove_duplicate=False))
        missing = {id(weight): name for name, weight in own_parameters.items()}
        with torch.no_grad():
            for name in sorted(own_parameters.keys() & weights.keys()):
                own_parameters[name].copy_(_divide(weights[name], own_parameters[name], name))
                missing.pop(id(own_parameters[name]), None)
        if missing:
            names = ", ".join(missing.values())
            raise CheckpointError(f"the checkpoint lacks {names}; remove it to start again")

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """The whole ``state_dict`` of an optimiser of the parts."""
        shapes = {
            id(weight): original.shape
            for weight, original in zip(
                self.part.parameters(), self._original.parameters(), strict=True
            )
        }
        state = optimizer.state_dict()
        weights = _weights_of(optimizer)
        values = {
            number: {
                name: _whole(value).reshape(shapes[id(weights[number])])
                if isinstance(value, DTensor)
                else value
                for name, value in of_weight.items()
            }
            for number, of_weight in state["state"].items()
        }
        return {**state, "state": values}

    def load_optimizer_state(self, optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Divide the whole ``state_dict`` of an optimiser among the processes.

        Raises:
            CheckpointError: A value does not have the shape of its weight.
        """
        for number, weight in enumerate(_weights_of(optimizer)):
            for name, value in state["state"].get(number, {}).items():
                if name != "step":
                    state["state"][number][name] = _divide(value, weight, name)
        optimizer.load_state_dict(state)

    def finish(self) -> None:
        """Write the whole trained weights into the original."""
        trained = self.weights()
        with torch.no_grad():
            for name, weight in self._original.named_parameters():
                weight.copy_(trained[name])


def check_sharding(config: PretrainConfig, objectives: Sequence[Objective]) -> None:
    """Refuse what cannot be divided, before texts are linked.

    Args:
        config: The settings.
        objectives: The objectives in addition to those of ``config``.

    Raises:
        ConfigError: The installed torch cannot divide a model, there are additional objectives,
            accelerate is to divide the model too, or one process is to offload without a launcher.
    """
    for engine in ENGINES:
        if os.environ.get(f"ACCELERATE_USE_{engine}", "false").lower() == "true":
            raise ConfigError(
                f"accelerate is to divide the model by {engine}, which kptm could not save; launch"
                " without it, and set pretraining.sharding to zero2 or zero3"
            )
    if config.sharding == "none":
        return
    if objectives:  # they may refer to other models, or to the whole one
        raise ConfigError("sharding does not divide additional objectives; set it to none")
    if not hasattr(FSDPModule, "set_reduce_scatter_unused_params"):
        raise ConfigError(f"sharding needs torch 2.13 or newer, not {torch.__version__}")
    if config.offload and not _are_connected():
        raise ConfigError(
            "offload needs a launcher, also for one process:"
            " torchrun --standalone --nproc_per_node 1 -m kptm pretrain"
        )


def shard(model: PretrainingModel, config: PretrainConfig) -> ShardedModel | None:
    """Divide a model among the processes; None for one process without a launcher."""
    return (
        None if config.sharding == "none" or not _are_connected() else ShardedModel(model, config)
    )


def _are_connected() -> bool:
    processes()  # connects those that a launcher started
    return torch.distributed.is_initialized()


def _give_scalars_a_dimension(model: nn.Module) -> None:
    """FSDP2 divides the first dimension, which a number lacks; a number broadcasts either way."""
    for module in model.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            if not weight.dim():
                vector = nn.Parameter(
                    weight.detach().reshape(1), requires_grad=weight.requires_grad
                )
                module.register_parameter(name, vector)


def _weights_of(optimizer: Optimizer) -> list[Tensor]:
    """Weights in the order in which a state numbers them."""
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def _whole(value: Tensor) -> Tensor:
    """A tensor with the parts of all processes, on the CPU."""
    if not isinstance(value, DTensor):
        return value.detach().cpu()
    # Offloaded parts are in the memory of the host, but devices communicate.
    on_device: Any = value.detach().to(value.device_mesh.device_type)
    whole: Tensor = on_device.full_tensor()
    return whole.cpu()


def _divide(value: Tensor, like: Tensor, name: str) -> Tensor:
    """The part of a whole tensor, divided as ``like`` is."""
    if value.numel() != like.numel():
        raise CheckpointError(
            f"{name} has the shape {tuple(value.shape)} in the checkpoint, and"
            f" {tuple(like.shape)} in the model; remove the checkpoint to start again"
        )
    value = value.reshape(like.shape)
    if not isinstance(like, DTensor):
        return value
    mesh = like.device_mesh
    return distribute_tensor(value.to(mesh.device_type), mesh, like.placements).to(like.device)
