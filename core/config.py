"""Every hyperparameter of a run, once: its range, unit and help make the widgets, the options and the checks."""

from __future__ import annotations

import difflib
import types
import typing
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.data.catalog import get_dataset_spec
from core.errors import ConfigError
from core.models.catalog import MODELS, get_model_spec

CONFIG_VERSION: Literal[1] = 1
# For `only_for`: any value of a text but the empty one.
ANY = ("*",)


def _field(
    default: object,
    help_text: str,
    *,
    unit: str = "",
    step: float | None = None,
    log: bool = False,
    label: str = "",
    only_for: dict[str, tuple[str, ...]] | None = None,
    **limits: float | str,
) -> Any:
    """Declare a setting: what pydantic checks (`limits`) together with what a widget needs.

    `only_for` maps another field's path to the values for which this setting has an effect, or to ANY.
    """
    extra = {"unit": unit, "step": step, "log": log, "label": label, "only_for": only_for or {}}
    return Field(default, description=help_text, json_schema_extra=extra, **limits)  # type: ignore[call-overload]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataConfig(_Part):
    """Which digits, and how their pixels are scaled."""

    dataset: Literal["mnist", "sklearn-digits"] = _field("mnist", "Digits to train and test on.")
    validation_size: int | None = _field(
        None,
        "Digits held out to validate on, the same for every seed; empty takes one twelfth (5,000 of MNIST).",
        unit="digits",
        step=500,
        ge=0,
        le=30_000,
    )
    train_size: int | None = _field(
        None,
        "Train on only so many digits, equally many of each class as in the whole; empty takes all.",
        unit="digits",
        step=1000,
        ge=10,
        le=60_000,
    )
    normalize_mean: float = _field(
        0.1307, "Subtracted from pixels in [0, 1] before the network sees them.", step=0.01, ge=0.0, le=1.0
    )
    normalize_std: float = _field(0.3081, "Pixels are then divided by this.", step=0.01, gt=0.0, le=10.0)


class ModelConfig(_Part):
    """The network and its own settings."""

    name: str = _field("sprint", "Network architecture.", label="Network")
    dropout: float | None = _field(
        None, "Probability for every dropout layer of the network; empty keeps its own.", step=0.05, ge=0.0, le=0.95
    )
    width: float = _field(1.0, "Factor on the number of channels or hidden units.", step=0.25, ge=0.25, le=8.0)
    initialization: Literal["default", "kaiming-normal", "xavier-uniform", "orthogonal", "linear-normal"] = _field(
        "default",
        "Initial weights: PyTorch's own, a classic scheme for all layers, or N(0, 1/√inputs) for linear layers.",
    )
    upright: Literal["off", "slant", "slant-and-size"] = _field(
        "off",
        "Set digits upright before the network sees them, by the slant of their ink, or bring them to one size too; "
        "takes no parameters.",
        label="Set upright",
    )
    test_time_augmentation: bool = _field(
        False,
        "Predict with the average over the digit and six gentle changes of it (turned, larger, slanted), or, if it is "
        "set upright, four moves by less than a pixel: seven or five times the work for an answer, none in training.",
    )


class OptimizerConfig(_Part):
    """How gradients become steps."""

    name: Literal["sgd", "adam", "adamw", "rmsprop", "adadelta"] = _field("sgd", "Optimiser.", label="Optimiser")
    learning_rate: float = _field(
        0.1, "Peak size of a step, before the schedule.", step=0.001, log=True, gt=0.0, le=10.0
    )
    momentum: float = _field(
        0.9,
        "Share of the last step that carries on.",
        step=0.05,
        ge=0.0,
        lt=1.0,
        only_for={"optimizer.name": ("sgd", "rmsprop")},
    )
    nesterov: bool = _field(False, "Look ahead along the momentum.", only_for={"optimizer.name": ("sgd",)})
    beta1: float = _field(
        0.9,
        "Decay of the mean of gradients.",
        step=0.05,
        ge=0.0,
        lt=1.0,
        only_for={"optimizer.name": ("adam", "adamw")},
    )
    beta2: float = _field(
        0.999,
        "Decay of the mean of squared gradients (rho for Adadelta, alpha for RMSprop).",
        step=0.01,
        ge=0.0,
        lt=1.0,
        only_for={"optimizer.name": ("adam", "adamw", "rmsprop", "adadelta")},
    )
    fused: bool = _field(
        False,
        "Change all weights in one pass: the same steps but for rounding, sooner in a small network.",
        only_for={"optimizer.name": ("sgd", "adam", "adamw")},
    )
    weight_decay: float = _field(0.0, "Pull of every weight towards zero.", step=0.0001, log=True, ge=0.0, le=1.0)


class ScheduleConfig(_Part):
    """How the learning rate moves."""

    name: Literal["constant", "step", "exponential", "plateau", "cosine", "one-cycle"] = _field(
        "constant", "Learning rate over time.", label="Schedule"
    )
    warmup_fraction: float = _field(
        0.0,
        "Share of all steps over which the learning rate rises to its peak.",
        step=0.05,
        ge=0.0,
        lt=1.0,
        only_for={"schedule.name": ("constant", "step", "exponential", "cosine", "one-cycle")},
    )
    final_fraction: float = _field(
        0.0,
        "Learning rate at the last step, as a share of the peak.",
        step=0.01,
        ge=0.0,
        le=1.0,
        only_for={"schedule.name": ("cosine", "one-cycle")},
    )
    gamma: float = _field(
        0.1,
        "Factor on the learning rate at each drop (each epoch for exponential).",
        step=0.05,
        gt=0.0,
        le=1.0,
        only_for={"schedule.name": ("step", "exponential", "plateau")},
    )
    step_epochs: int = _field(
        5, "Epochs between drops.", unit="epochs", ge=1, le=1000, only_for={"schedule.name": ("step",)}
    )
    patience: int = _field(
        1,
        "Epochs without a lower validation loss before a drop.",
        unit="epochs",
        ge=0,
        le=1000,
        only_for={"schedule.name": ("plateau",)},
    )


class LossConfig(_Part):
    """What is minimised."""

    name: Literal["cross-entropy", "focal", "squared-error"] = _field(
        "cross-entropy",
        "Loss: cross-entropy, focal loss (hard digits count more), or squared error of the probabilities.",
        label="Loss",
    )
    label_smoothing: float = _field(
        0.0,
        "Probability taken from the true class and spread over all ten.",
        step=0.01,
        ge=0.0,
        lt=1.0,
        only_for={"loss.name": ("cross-entropy", "squared-error")},
    )
    focal_gamma: float = _field(
        2.0,
        "How strongly easy digits are played down.",
        step=0.5,
        ge=0.0,
        le=10.0,
        only_for={"loss.name": ("focal",)},
    )
    teacher: str = _field(
        "",
        "Name of a finished run whose probabilities are learned too, those of an ensemble's average; empty is none.",
        pattern=r"^[A-Za-z0-9._-]*$",
        max_length=128,
    )
    teacher_share: float = _field(
        0.9,
        "Share of the loss that asks for the teacher's probabilities; the rest asks for the labels.",
        step=0.1,
        gt=0.0,
        le=1.0,
        only_for={"loss.teacher": ANY},
    )
    temperature: float = _field(
        2.0,
        "Divides the teacher's logits and the network's own before they are compared: above 1, small ones count more.",
        step=0.5,
        gt=0.0,
        le=20.0,
        only_for={"loss.teacher": ANY},
    )


class LoopConfig(_Part):
    """How long to train, on how many digits a step."""

    epochs: float = _field(3.0, "Passes over the training digits; a fraction stops within one.", step=1, gt=0, le=1000)
    batch_size: int = _field(
        128, "Digits per step (all of them, if there are fewer).", unit="digits", step=32, ge=1, le=60_000
    )
    ema_decay: float = _field(
        0.0,
        "Weight averaging: share of the average kept at each step; 0 is off. Averaged weights are validated and saved.",
        step=0.001,
        ge=0.0,
        lt=1.0,
    )
    clip_norm: float = _field(0.0, "Longest gradient allowed, by its norm; 0 is off.", step=0.5, ge=0.0, le=1000.0)
    early_stopping: int = _field(
        0, "Stop after so many epochs without a lower validation loss; 0 is off.", unit="epochs", ge=0, le=1000
    )


class AugmentConfig(_Part):
    """Random changes to training digits; zeros are off."""

    rotate: float = _field(0.0, "Rotation, up to this either way.", unit="degrees", step=1.0, ge=0.0, le=180.0)
    shift: float = _field(0.0, "Shift along each axis, up to this.", unit="share of the side", step=0.01, ge=0, le=0.5)
    scale: float = _field(0.0, "Size, up to this larger or smaller.", unit="share", step=0.05, ge=0.0, le=0.9)
    shear: float = _field(0.0, "Slant, up to this either way.", unit="degrees", step=1.0, ge=0.0, le=60.0)
    elastic: float = _field(
        0.0, "Elastic distortion: typical displacement of a pixel.", unit="pixels", step=0.25, ge=0.0, le=8.0
    )
    elastic_smoothness: float = _field(
        4.0, "Width of the elastic distortion's waves.", unit="pixels", step=0.5, ge=1.0, le=14.0
    )
    perspective: float = _field(
        0.0,
        "Perspective, as of a sheet seen from aside: one edge of the picture up to this share nearer, so larger, and "
        "the other as much farther.",
        unit="share",
        step=0.05,
        ge=0.0,
        le=0.5,
    )
    stroke_width: float = _field(
        0.0, "Strokes, up to this much wider or narrower.", unit="pixels", step=0.25, ge=0.0, le=4.0
    )
    erase: float = _field(0.0, "Probability that a square of the digit is blotted out.", step=0.05, ge=0.0, le=1.0)
    erase_size: float = _field(0.25, "Side of that square.", unit="share of the side", step=0.05, gt=0.0, le=1.0)
    brightness: float = _field(
        0.0, "Brightness factor, up to this above or below 1.", unit="share", step=0.05, ge=0, le=1
    )
    contrast: float = _field(0.0, "Contrast factor, up to this above or below 1.", unit="share", step=0.05, ge=0, le=1)


class RuntimeConfig(_Part):
    """Where and how reproducibly it runs."""

    seed: int = _field(0, "Seed of weights, order, dropout and augmentation.", ge=0, le=2**31 - 1)
    device: Literal["auto", "cpu", "cuda", "mps"] = _field("auto", "Processor; auto takes a GPU if there is one.")
    precision: Literal["float32", "bfloat16"] = _field(
        "float32", "Arithmetic inside the network; weights stay float32."
    )
    channels_last: bool = _field(False, "Keep channels innermost in memory; often faster for convolutions on a CPU.")
    threads: int = _field(
        0,
        "CPU threads; 0 takes every core, or a share of them where DIGITS_PARALLEL lets several runs train at once.",
        unit="threads",
        ge=0,
        le=256,
    )


class TrainConfig(_Part):
    """All settings of a run, checked together. Frozen: change it with `with_settings`."""

    version: Literal[1] = CONFIG_VERSION
    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    schedule: ScheduleConfig = ScheduleConfig()
    loss: LossConfig = LossConfig()
    loop: LoopConfig = LoopConfig()
    augment: AugmentConfig = AugmentConfig()
    runtime: RuntimeConfig = RuntimeConfig()

    @property
    def validation_size(self) -> int:
        """Digits held out for validation, with the default filled in."""
        size = self.data.validation_size
        return get_dataset_spec(self.data.dataset).train_size // 12 if size is None else size

    @property
    def train_size(self) -> int:
        """Digits trained on, with the default filled in."""
        available = get_dataset_spec(self.data.dataset).train_size - self.validation_size
        return available if self.data.train_size is None else self.data.train_size

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps per epoch; the last, smaller batch counts."""
        return -(-self.train_size // self.loop.batch_size)

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return max(1, round(self.loop.epochs * self.steps_per_epoch))

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems = []
        names = [spec.name for spec in MODELS]
        if self.model.name not in names:
            problems.append(f"model.name is '{self.model.name}'; it must be one of {', '.join(names)}.")
        else:
            takes = get_model_spec(self.model.name).settings
            if self.model.dropout is not None and "dropout" not in takes:
                problems.append(f"model.dropout is set, but {self.model.name} has no dropout layer; leave it empty.")
            if self.model.width != 1 and "width" not in takes:
                problems.append(f"model.width is set, but {self.model.name} has a fixed width; leave it at 1.")
        spec = get_dataset_spec(self.data.dataset)
        left = spec.train_size - self.validation_size
        if left < 10:
            problems.append(
                f"data.validation_size is {self.validation_size}; it must leave at least 10 of the "
                f"{spec.train_size} training digits of {spec.title}."
            )
        elif self.data.train_size is not None and self.data.train_size > left:
            problems.append(f"data.train_size is {self.data.train_size}; only {left} digits are left to train on.")
        if self.validation_size == 0 and self.schedule.name == "plateau":
            problems.append("schedule.name is 'plateau', which needs validation digits; set data.validation_size.")
        if self.validation_size == 0 and self.loop.early_stopping:
            problems.append("loop.early_stopping needs validation digits; set data.validation_size.")
        if self.optimizer.nesterov and self.optimizer.name == "sgd" and self.optimizer.momentum == 0:
            problems.append("optimizer.nesterov needs optimizer.momentum above 0.")
        if problems:
            raise ConfigError(problems)
        return self

    def with_settings(self, settings: dict[str, object]) -> TrainConfig:
        """Return a copy with some fields changed.

        Args:
            settings: value by field: a path ("optimizer.learning_rate"), a field name that only one part has
                ("learning_rate"), or a part's name for its `name` ("optimizer"). Texts are converted.

        Raises:
            ConfigError: naming every unknown field and every bad value.
        """
        values = self.model_dump()
        problems = []
        for key, value in settings.items():
            try:
                part, name = resolve_field(key).split(".")
            except ConfigError as error:
                problems += error.problems
                continue
            values[part][name] = None if _is_optional(part, name) and value in ("", "none", "None") else value
        try:
            changed = parse_config(values)
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise ConfigError(problems)
        return changed


def parse_config(values: object) -> TrainConfig:
    """Check a nested dict (as in config.json) and return it as a TrainConfig.

    Raises:
        ConfigError: with a sentence for every problem found.
    """
    try:
        return TrainConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError([_explain(dict(problem)) for problem in error.errors()]) from None


def _explain(problem: dict[str, Any]) -> str:
    """Turn one of pydantic's findings into a sentence about the field."""
    path = ".".join(str(part) for part in problem["loc"]) or "The configuration"
    value, kind, context = problem.get("input"), problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        return f"There is no setting '{path}'{_suggest(path)}"
    if kind == "literal_error":
        return f"{path} is {value!r}; it must be {context['expected']}."
    bounds = {
        "greater_than": ("gt", "above"),
        "greater_than_equal": ("ge", "at least"),
        "less_than": ("lt", "below"),
        "less_than_equal": ("le", "at most"),
    }
    if kind in bounds:
        key, words = bounds[kind]
        shown = f"{value:g}" if isinstance(value, int | float) else value
        return f"{path} is {shown}; it must be {words} {context[key]:g}."
    if kind == "string_pattern_mismatch":
        return f"{path} is {value!r}; it must be a name of letters, digits, dots, dashes and underscores."
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false", "finite": "a finite number"}
    for prefix, words in kinds.items():
        if kind.startswith(prefix):
            return f"{path} is {value!r}; it must be {words}."
    return f"{path}: {problem['msg']}."


@dataclass(frozen=True)
class FieldInfo:
    """What a widget, an option or a help text needs to know about one setting.

    Attributes:
        path: "part.name".
        part: name of the part, a field of TrainConfig.
        label: short name for people.
        help: one line.
        kind: "bool", "int", "float", "choice" or "text".
        optional: whether None is a value (shown as empty).
        default: its default.
        minimum, maximum: bounds; None where there is none.
        exclusive_minimum, exclusive_maximum: whether the bound itself is refused.
        choices: valid values of a choice.
        unit: unit of the value, "" if it has none.
        step: sensible increment of a widget.
        log: whether its scale is logarithmic.
        only_for: path of another field -> the values of it for which this one has an effect.
    """

    path: str
    part: str
    label: str
    help: str
    kind: Literal["bool", "int", "float", "choice", "text"]
    optional: bool
    default: Any
    minimum: float | None
    maximum: float | None
    exclusive_minimum: bool
    exclusive_maximum: bool
    choices: tuple[str, ...]
    unit: str
    step: float | None
    log: bool
    only_for: dict[str, tuple[str, ...]]

    def applies_to(self, config: TrainConfig) -> bool:
        """Whether the field has an effect under the other settings of `config`."""
        return all(
            bool(get_value(config, path)) if values == ANY else get_value(config, path) in values
            for path, values in self.only_for.items()
        )

    @property
    def range_text(self) -> str:
        """The valid values in words, for help texts."""
        if self.kind == "choice":
            return " | ".join(self.choices)
        if self.kind == "bool":
            return "true | false"
        if self.kind == "text":
            return "a name, or empty"
        low = "" if self.minimum is None else f"{'>' if self.exclusive_minimum else '≥'} {self.minimum:g}"
        high = "" if self.maximum is None else f"{'<' if self.exclusive_maximum else '≤'} {self.maximum:g}"
        return ", ".join(text for text in (low, high) if text)


def get_value(config: TrainConfig, path: str) -> Any:
    """Return the value at "part.name"."""
    part, name = path.split(".")
    return getattr(getattr(config, part), name)


@cache
def list_fields() -> tuple[FieldInfo, ...]:
    """Describe every setting, in the order of the definition."""
    fields = []
    for part, part_info in TrainConfig.model_fields.items():
        part_class = part_info.annotation
        if not (isinstance(part_class, type) and issubclass(part_class, _Part)):
            continue
        for name, info in part_class.model_fields.items():
            fields.append(_describe(part, name, info))
    return tuple(fields)


def _describe(part: str, name: str, info: Any) -> FieldInfo:
    annotation, optional = info.annotation, False
    if isinstance(annotation, types.UnionType):
        annotation = next(kind for kind in typing.get_args(annotation) if kind is not type(None))
        optional = True
    choices: tuple[str, ...] = ()
    if (part, name) == ("model", "name"):
        choices = tuple(spec.name for spec in MODELS)
    elif typing.get_origin(annotation) is Literal:
        choices = typing.get_args(annotation)
    bounds: dict[str, float] = {}
    for limit in info.metadata:
        for key in ("ge", "gt", "le", "lt"):
            if getattr(limit, key, None) is not None:
                bounds[key] = getattr(limit, key)
    extra = info.json_schema_extra
    kind = "choice" if choices else {bool: "bool", int: "int", float: "float", str: "text"}[annotation]
    return FieldInfo(
        path=f"{part}.{name}",
        part=part,
        label=extra["label"] or name.replace("_", " ").capitalize(),
        help=info.description,
        kind=typing.cast("Literal['bool', 'int', 'float', 'choice', 'text']", kind),
        optional=optional,
        default=info.default,
        minimum=bounds.get("ge", bounds.get("gt")),
        maximum=bounds.get("le", bounds.get("lt")),
        exclusive_minimum="gt" in bounds,
        exclusive_maximum="lt" in bounds,
        choices=choices,
        unit=extra["unit"],
        step=extra["step"],
        log=extra["log"],
        only_for=extra["only_for"],
    )


def _is_optional(part: str, name: str) -> bool:
    return any(field.optional for field in list_fields() if field.path == f"{part}.{name}")


def resolve_field(key: str) -> str:
    """Return the full path of a field named in full, by its own name, or by its part.

    Raises:
        ConfigError: if no field, or more than one, answers to it.
    """
    paths = [field.path for field in list_fields()]
    if key in paths:
        return key
    if f"{key}.name" in paths:
        return f"{key}.name"
    matches = [path for path in paths if path.split(".")[1] == key]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise ConfigError([f"'{key}' could be {' or '.join(matches)}; write it in full."])
    raise ConfigError([f"There is no setting '{key}'{_suggest(key)}"])


def _suggest(key: str) -> str:
    """Return the end of a sentence about a misspelt field: "; did you mean …?", or a full stop."""
    paths = {path: path for path in (field.path for field in list_fields())}
    paths |= {path.split(".")[1]: path for path in paths.copy()}
    close = difflib.get_close_matches(key, paths, n=1)
    return f"; did you mean {paths[close[0]]}?" if close else "."


def list_changes(config: TrainConfig, base: TrainConfig) -> dict[str, Any]:
    """Return value by path for the fields in which `config` differs from `base`."""
    return {
        field.path: get_value(config, field.path)
        for field in list_fields()
        if get_value(config, field.path) != get_value(base, field.path)
    }
