"""Every setting of a run as a widget, made from what core.config says of it, and what a person changes in a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.config import get_value, list_fields
from core.errors import ConfigError
from core.models.catalog import get_model_spec
from core.recipes import get_recipe
from dashboard import loaders

if TYPE_CHECKING:
    from core.config import FieldInfo, TrainConfig

PARTS = {
    "data": "Data",
    "model": "Network",
    "optimizer": "Optimiser",
    "schedule": "Schedule",
    "loss": "Loss",
    "loop": "Loop",
    "augment": "Augmentation",
    "runtime": "Runtime",
}
COLUMNS = 3
# The widget that chooses the recipe.
RECIPE = "recipe"
# The expander that holds all settings; True where it is open.
SETTINGS = "settings"
_FIELDS = {field.path: field for field in list_fields()}
# Widgets forget what they hold when they leave the screen, so the changes are kept apart from them:
# recipe -> path -> value, for the values that differ from the recipe's.
_CHANGES = "changes_to_recipes"


def build_base(recipe: str) -> TrainConfig:
    """Return a recipe's settings on the digits that are here."""
    return get_recipe(recipe).config.with_settings({"dataset": loaders.choose_dataset()})


def get_widget_key(recipe: str, path: str) -> str:
    """Return the key of a setting's widget; every recipe has its own, so that its changes wait for it."""
    return f"setting {recipe} {path}"


def read_changes(recipe: str) -> dict[str, Any]:
    """Return what was changed in a recipe, value by path; it may hold values that are not valid."""
    changes: dict[str, Any] = st.session_state.setdefault(_CHANGES, {}).setdefault(recipe, {})
    return changes


def check_settings(base: TrainConfig, recipe: str) -> tuple[TrainConfig | None, list[str]]:
    """Return the recipe with its changes, or None and a sentence for each problem.

    Args:
        base: the recipe's settings.
        recipe: its name.
    """
    try:
        return base.with_settings(read_changes(recipe)), []
    except ConfigError as error:
        return None, [say_in_words(problem) for problem in error.problems]


def describe_changes(base: TrainConfig, recipe: str) -> str:
    """Write the changes as 'Epochs 1 (recipe: 3) · Batch size 64 (recipe: 256)', "" if there are none."""
    changes = read_changes(recipe)
    changed = [field for field in list_fields() if field.path in changes]
    values = [(field, changes[field.path], get_value(base, field.path)) for field in changed]
    return " · ".join(
        f"{field.label} {write_value(field, new)} (recipe: {write_value(field, old)})" for field, new, old in values
    )


def reset_changes(base: TrainConfig, recipe: str) -> None:
    """Forget the changes to a recipe; a button's callback."""
    for path in read_changes(recipe):
        st.session_state[get_widget_key(recipe, path)] = get_value(base, path)
    read_changes(recipe).clear()


def render_settings(base: TrainConfig, recipe: str) -> None:
    """Draw every setting that has an effect or was changed, a tab for each part.

    Args:
        base: the recipe's settings.
        recipe: its name.
    """
    current = _apply_unchecked(base, read_changes(recipe))
    for part, tab in zip(PARTS, st.tabs(list(PARTS.values())), strict=True):
        fields = [
            field
            for field in list_fields()
            if field.part == part and (field.path in read_changes(recipe) or _has_effect(field, current))
        ]
        with tab:
            for start in range(0, len(fields), COLUMNS):
                for column, field in zip(st.columns(COLUMNS), fields[start : start + COLUMNS], strict=False):
                    with column:
                        _render_field(field, base, recipe, current)


def _render_field(field: FieldInfo, base: TrainConfig, recipe: str, current: TrainConfig) -> None:
    key = get_widget_key(recipe, field.path)
    value = get_value(current, field.path)
    # Also where the recipe itself has changed, as its dataset does when MNIST arrives.
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    label = field.label + (f" ({field.unit})" if field.unit else "")
    if field.path in read_changes(recipe):
        label = f"**{label}** · recipe: {write_value(field, get_value(base, field.path))}"
    notes = [field.help]
    if field.kind in ("int", "float"):
        notes.append(f"{field.range_text}.")
    if not _has_effect(field, current):
        notes.append("It has no effect under the other settings.")
    shared: dict[str, Any] = {
        "key": key,
        "help": " ".join(notes),
        "on_change": _note_change,
        "args": (field, base, recipe),
    }
    if field.kind == "choice":
        st.selectbox(label, field.choices, **shared)
    elif field.kind == "bool":
        st.toggle(label, **shared)
    elif field.kind == "text":
        st.text_input(label, placeholder="empty", **shared)
    else:
        # No bounds here: a widget would quietly keep the last good number, the config says what is wrong with this one.
        is_float = field.kind == "float"
        st.number_input(
            label,
            value=None,
            step=float(field.step or 0.1) if is_float else int(field.step or 1),
            format="%g" if is_float else "%d",
            placeholder=_describe_empty(field, current) if field.optional else None,
            **shared,
        )


def _describe_empty(field: FieldInfo, current: TrainConfig) -> str:
    """Say what an empty field stands for, where that is a number."""
    sizes = {"data.validation_size": current.validation_size, "data.train_size": current.train_size}
    return f"empty: {sizes[field.path]:,}" if field.path in sizes else "empty"


def _note_change(field: FieldInfo, base: TrainConfig, recipe: str) -> None:
    value = st.session_state[get_widget_key(recipe, field.path)]
    changes = read_changes(recipe)
    # Where empty is not a value, emptying a field takes the change back.
    if value == get_value(base, field.path) or (value is None and not field.optional):
        changes.pop(field.path, None)
    else:
        changes[field.path] = value


def _has_effect(field: FieldInfo, config: TrainConfig) -> bool:
    if field.path in ("model.dropout", "model.width"):
        return field.path.removeprefix("model.") in get_model_spec(config.model.name).settings
    return field.applies_to(config)


def _apply_unchecked(base: TrainConfig, changes: dict[str, Any]) -> TrainConfig:
    """Return the config with its changes, valid or not: the widgets must be drawn for a person to mend them."""
    for path, value in changes.items():
        part, name = path.split(".")
        base = base.model_copy(update={part: getattr(base, part).model_copy(update={name: value})})
    return base


def write_value(field: FieldInfo, value: Any) -> str:
    """Write a setting's value for people: 'on' and 'off', 'empty' for None."""
    if value is None:
        return "empty"
    if field.kind == "bool":
        return "on" if value else "off"
    return str(value) or "empty" if field.kind in ("choice", "text") else f"{value:.10g}"


def say_in_words(problem: str) -> str:
    """Call settings what the widgets call them: 'Optimiser: Learning rate', not 'optimizer.learning_rate'."""
    for path, field in sorted(_FIELDS.items(), key=lambda item: -len(item[0])):
        problem = problem.replace(path, f"{PARTS[field.part]}: {field.label}")
    return problem
