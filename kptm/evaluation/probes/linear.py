"""Linear probes of frozen layers, with control tasks (Hewitt & Liang 2019, §2 and §3).

The probe is a multinomial logistic regression on states (Alain & Bengio 2016). The control task
assigns each surface form one random label, drawn with the frequencies of the real labels: a probe
that does equally well on it has memorised the forms.

    selectivity = accuracy − accuracy of the same probe at the control task

Shapes: S layers, N spans, D hidden.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kptm.errors import ConfigError
from kptm.evaluation.probes.config import ProbeConfig
from kptm.evaluation.probes.states import SpanStates, span_states
from kptm.evaluation.statistics import Interval, interval, paired_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kptm.evaluation.probes.labelled import LabelledText
    from kptm.fusion import FusedModel


@dataclass(frozen=True, slots=True)
class LayerScore:
    """The scores of one layer, over held-out spans.

    Attributes:
        layer: "embedding", the layer's number from 1, or "output".
        accuracy: The accuracy on the task.
        control: The accuracy on the control task.
        selectivity: The paired difference of the two.
    """

    layer: str
    accuracy: Interval
    control: Interval
    selectivity: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearReport:
    """The scores of a task by layer.

    Attributes:
        layers: The scores from the embedding to the output.
        majority: The accuracy of always predicting the most common label of the training spans.
        labels: The number of labels.
        learnt: The number of training spans.
        held_out: The number of held-out spans.
        seen: The share of held-out spans whose surface form is in the training spans; if it is 0,
            no form can be memorised, and the control task is guessing.
        left_out: The number of spans without a token of their own.
    """

    layers: tuple[LayerScore, ...]
    majority: float
    labels: int
    learnt: int
    held_out: int
    seen: float
    left_out: int = 0


def probe_model(
    model: FusedModel,
    texts: Sequence[LabelledText],
    *,
    with_knowledge: bool = True,
    config: ProbeConfig | None = None,
) -> LinearReport:
    """Probe each layer of a model for the labels of spans.

    Args:
        model: The model, which is not changed.
        texts: Texts with labelled spans.
        with_knowledge: Whether entity vectors are injected; without them the plain backbone is
            probed.
        config: The settings.

    Raises:
        ConfigError: There are fewer than two labels, or fewer than two texts or entities to
            split.
    """
    config = config or ProbeConfig()
    states = span_states(model, texts, with_knowledge=with_knowledge, batch_size=config.batch_size)
    return probe_layers(states, config)


def probe_layers(states: SpanStates, config: ProbeConfig | None = None) -> LinearReport:
    """Fit and evaluate a probe and its control on each layer.

    Raises:
        ConfigError: There are fewer than two labels, or fewer than two groups to split.
    """
    config = config or ProbeConfig()
    if len(set(states.labels)) < 2:
        raise ConfigError(
            f"a probe needs at least two labels, but {len(states.labels)} spans have"
            f" {len(set(states.labels))};"
            " give texts with more labels"
        )
    held_N = hold_out(states.groups, config)
    labels_N, forms_N = np.array(states.labels), np.array(states.surfaces)
    control_N = control_labels(states.surfaces, states.labels, config.seed)
    scores = []
    for layer, states_ND in zip(states.layers, states.states_SND, strict=True):
        right = _right(states_ND, labels_N, held_N, config)
        by_heart = _right(states_ND, control_N, held_N, config)
        scores.append(
            LayerScore(layer, interval(right), interval(by_heart), paired_interval(right, by_heart))
        )
    counts = Counter(labels_N[~held_N].tolist())
    commonest = max(counts, key=lambda label: (counts[label], label))
    return LinearReport(
        layers=tuple(scores),
        majority=float((labels_N[held_N] == commonest).mean()),
        labels=len(set(states.labels)),
        learnt=int((~held_N).sum()),
        held_out=int(held_N.sum()),
        seen=float(np.isin(forms_N[held_N], forms_N[~held_N]).mean()),
        left_out=states.left_out,
    )


def hold_out(groups: Sequence[str], config: ProbeConfig) -> NDArray[np.bool_]:
    """Whether each span is held out, shape (N,); a group is never split.

    Raises:
        ConfigError: There are fewer than two groups.
    """
    names = sorted(set(groups))
    if len(names) < 2:
        raise ConfigError(
            f"{len(names)} texts or entities cannot be split into a training and a held-out part;"
            " give more"
        )
    count = min(max(round(config.held_out * len(names)), 1), len(names) - 1)
    order = np.random.default_rng(config.seed).permutation(len(names))
    held_out = {names[number] for number in order[:count]}
    return np.array([group in held_out for group in groups])


def control_labels(surfaces: Sequence[str], labels: Sequence[str], seed: int) -> NDArray[Any]:
    """Labels of the control task, shape (N,): one per form, with the frequencies of ``labels``."""
    names, counts = np.unique(np.array(labels), return_counts=True)
    forms = sorted(set(surfaces))
    rng = np.random.default_rng([seed, 1])
    drawn = rng.choice(names, size=len(forms), p=counts / counts.sum())
    label_of_form = dict(zip(forms, drawn, strict=True))
    return np.array([label_of_form[form] for form in surfaces])


def _right(
    states_ND: NDArray[np.float32],
    labels_N: NDArray[Any],
    held_N: NDArray[np.bool_],
    config: ProbeConfig,
) -> list[float]:
    """1.0 or 0.0 for each held-out span, for right or wrong."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    learnt_N, asked_N = labels_N[~held_N], labels_N[held_N]
    if len(set(learnt_N.tolist())) == 1:  # a single label is always predicted
        return (asked_N == learnt_N[0]).astype(float).tolist()  # type: ignore[no-any-return]
    probe = make_pipeline(
        StandardScaler(), LogisticRegression(C=config.strength, max_iter=config.max_steps)
    )
    wide_ND = states_ND.astype(np.float64)
    probe.fit(wide_ND[~held_N], learnt_N)
    said_N = probe.predict(wide_ND[held_N])
    return (said_N == asked_N).astype(float).tolist()  # type: ignore[no-any-return]
