"""Which digits stand behind a figure: a filter that a page, an address and a chip can write in the same words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from core.evaluation.compare import check_same_digits
from core.evaluation.metrics import hardest_first

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from core.evaluation.predictions import Predictions

Versus = Literal["only-first", "only-second", "both-right", "both-wrong", "differ"]
VERSUS_WORDS: dict[Versus, str] = {
    "only-first": "right in the first run only",
    "only-second": "right in the second run only",
    "both-right": "right in both runs",
    "both-wrong": "wrong in both runs",
    "differ": "read differently by the two runs",
}
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:e-?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})")


@dataclass(frozen=True)
class DigitFilter:
    """What a digit must be to be shown; None asks nothing. All parts must hold together.

    Attributes:
        true: the true digit, 0..9.
        not_true: a digit that it must not be, 0..9.
        predicted: what the run reads, 0..9.
        second_reads: what the second run reads, 0..9.
        right: whether the run is right.
        sure: lowest and highest probability of the run's answer, fractions, both included.
        given: a digit, and the lowest and highest probability that the run gives to it, both included.
        versus: how the run and the second one did.
    """

    true: int | None = None
    not_true: int | None = None
    predicted: int | None = None
    second_reads: int | None = None
    right: bool | None = None
    sure: tuple[float, float] | None = None
    given: tuple[int, float, float] | None = None
    versus: Versus | None = None

    @property
    def is_empty(self) -> bool:
        """Whether every digit passes."""
        return self == DigitFilter()

    @property
    def needs_second(self) -> bool:
        """Whether it asks about a second run."""
        return self.second_reads is not None or self.versus is not None

    def without(self, part: str) -> DigitFilter:
        """Return it with one part, named as in the address, taken away."""
        names = {"cell": ("true", "predicted")}.get(part, (part,))
        return replace(self, **dict.fromkeys(names))


def find_digits(
    answers: Predictions,
    wanted: DigitFilter,
    second: Predictions | None = None,
    by: Literal["loss", "confidence"] = "loss",
) -> NDArray[np.int64]:
    """Return the indices of the digits that pass, hardest first.

    Args:
        answers: of the run.
        wanted: what they must be.
        second: answers of the second run to the same digits; without it, what is asked about it is passed over.
        by: "loss" puts the least probable true digits first, "confidence" the most confident wrong answers.

    Raises:
        ShapeError: if the two runs did not answer the same digits.
    """
    order = hardest_first(answers.probabilities, answers.labels, by)
    return order[compute_mask(answers, wanted, second)[order]]


def compute_mask(answers: Predictions, wanted: DigitFilter, second: Predictions | None = None) -> NDArray[np.bool_]:
    """Return whether each digit passes, (n,) bool; arguments and errors as for `find_digits`."""
    keep = np.ones(len(answers.labels), dtype=bool)
    if wanted.true is not None:
        keep &= answers.labels == wanted.true
    if wanted.not_true is not None:
        keep &= answers.labels != wanted.not_true
    if wanted.predicted is not None:
        keep &= answers.predictions == wanted.predicted
    if wanted.right is not None:
        keep &= answers.right == wanted.right
    if wanted.sure is not None:
        keep &= _lies_within(answers.confidence, *wanted.sure)
    if wanted.given is not None:
        digit, low, high = wanted.given
        keep &= _lies_within(answers.probabilities[:, digit], low, high)
    if second is not None and wanted.needs_second:
        check_same_digits(answers, second)
        if wanted.second_reads is not None:
            keep &= second.predictions == wanted.second_reads
        if wanted.versus is not None:
            keep &= _compare(answers, second, wanted.versus)
    return keep


def _lies_within(values: NDArray[np.float32], low: float, high: float) -> NDArray[np.bool_]:
    # In float64: a bound in float32 would round, and let in or shut out the digit it was taken from.
    exact = values.astype(np.float64)
    within: NDArray[np.bool_] = (exact >= low) & (exact <= high)
    return within


def _compare(first: Predictions, second: Predictions, versus: Versus) -> NDArray[np.bool_]:
    if versus == "differ":
        differ: NDArray[np.bool_] = first.predictions != second.predictions
        return differ
    wanted_first = versus in ("only-first", "both-right")
    wanted_second = versus in ("only-second", "both-right")
    as_wanted: NDArray[np.bool_] = (first.right == wanted_first) & (second.right == wanted_second)
    return as_wanted


def write_filter(wanted: DigitFilter) -> dict[str, str]:
    """Return the parts of an address that ask for these digits, text by name; `parse_filter` reads them back."""
    parts = {}
    if wanted.true is not None or wanted.predicted is not None:
        parts["cell"] = f"{_write_digit(wanted.true)}-{_write_digit(wanted.predicted)}"
    for name in ("not_true", "second_reads"):
        if getattr(wanted, name) is not None:
            parts[name] = str(getattr(wanted, name))
    if wanted.right is not None:
        parts["right"] = "yes" if wanted.right else "no"
    if wanted.sure is not None:
        parts["sure"] = _write_range(*wanted.sure)
    if wanted.given is not None:
        parts["given"] = f"{wanted.given[0]}:{_write_range(*wanted.given[1:])}"
    if wanted.versus is not None:
        parts["versus"] = wanted.versus
    return parts


# Every part that may stand in an address.
FILTER_NAMES = ("cell", "not_true", "second_reads", "right", "sure", "given", "versus")


def parse_filter(address: Mapping[str, str]) -> tuple[DigitFilter, list[str]]:
    """Read the parts of an address that ask for digits.

    Args:
        address: text by name; other names are passed over.

    Returns:
        The filter, and a sentence for each part that means nothing, which is left out of it.
    """
    wanted, problems = DigitFilter(), []
    for name in FILTER_NAMES:
        if name not in address:
            continue
        try:
            wanted = replace(wanted, **_READERS[name](address[name]))
        except ValueError as error:
            problems.append(
                f"'{name}={address[name][:60]}' in the address means nothing here ({error}); it is ignored."
            )
    return wanted, problems


def _read_cell(text: str) -> dict[str, Any]:
    true, separator, predicted = text.partition("-")
    if not separator or (true, predicted) == ("any", "any"):
        raise ValueError("write 4-9, 4-any or any-9")
    return {"true": _read_digit_or_any(true), "predicted": _read_digit_or_any(predicted)}


def _read_digit_or_any(text: str) -> int | None:
    return None if text == "any" else _read_digit(text)


def _read_digit(text: str) -> int:
    if not re.fullmatch("[0-9]", text):
        raise ValueError("write a digit from 0 to 9")
    return int(text)


def _read_range(text: str) -> tuple[float, float]:
    found = _RANGE.fullmatch(text)
    if not found:
        raise ValueError("write two probabilities, as in 0.5..0.9")
    low, high = float(found[1]), float(found[2])
    if not low <= high <= 1:
        raise ValueError("write the smaller one first, and none above 1")
    return low, high


def _read_right(text: str) -> dict[str, Any]:
    if text not in ("yes", "no"):
        raise ValueError("write yes or no")
    return {"right": text == "yes"}


def _read_given(text: str) -> dict[str, Any]:
    digit, separator, limits = text.partition(":")
    if not separator:
        raise ValueError("write a digit and two probabilities, as in 4:0.5..0.9")
    return {"given": (_read_digit(digit), *_read_range(limits))}


def _read_versus(text: str) -> dict[str, Any]:
    if text not in get_args(Versus):
        raise ValueError(f"write one of {', '.join(get_args(Versus))}")
    return {"versus": text}


_READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "cell": _read_cell,
    "not_true": lambda text: {"not_true": _read_digit(text)},
    "second_reads": lambda text: {"second_reads": _read_digit(text)},
    "right": _read_right,
    "sure": lambda text: {"sure": _read_range(text)},
    "given": _read_given,
    "versus": _read_versus,
}


def _write_digit(digit: int | None) -> str:
    return "any" if digit is None else str(digit)


def _write_range(low: float, high: float) -> str:
    # repr is the shortest text that reads back as the same number.
    return f"{float(low)!r}..{float(high)!r}"


def describe_parts(wanted: DigitFilter) -> dict[str, str]:
    """Put each part of the filter into words for its chip, by the name it has in the address."""
    words = {}
    if wanted.true is not None and wanted.predicted is not None:
        is_right = wanted.true == wanted.predicted
        words["cell"] = f"true {wanted.true}, read {'right' if is_right else f'as {wanted.predicted}'}"
    elif wanted.true is not None:
        words["cell"] = f"true {wanted.true}"
    elif wanted.predicted is not None:
        words["cell"] = f"read as {wanted.predicted}"
    if wanted.not_true is not None:
        words["not_true"] = f"not a {wanted.not_true}"
    if wanted.second_reads is not None:
        words["second_reads"] = f"read as {wanted.second_reads} by the second run"
    if wanted.right is not None:
        words["right"] = "read right" if wanted.right else "misread"
    if wanted.sure is not None:
        words["sure"] = f"answer given {_describe_range(*wanted.sure)}"
    if wanted.given is not None:
        words["given"] = f"{wanted.given[0]} given {_describe_range(*wanted.given[1:])}"
    if wanted.versus is not None:
        words["versus"] = VERSUS_WORDS[wanted.versus]
    return words


def _describe_range(low: float, high: float) -> str:
    if high >= 1:
        return f"at least {_percent(low)}"
    if low <= 0:
        return f"at most {_percent(high)}"
    return _percent(low) if low == high else f"{_percent(low)} to {_percent(high)}"


def _percent(share: float) -> str:
    # Two decimals, but never a rounded 0 or 100 for what is not quite that; there the leading figures count.
    if 0 < share < 0.00005 or 0.99995 < share < 1:
        rest = min(share, 1 - share) * 100
        text = f"{rest:.1g}"
        return f"{text} %" if share < 0.5 else f"100 % − {text} %"
    return f"{100 * share:.2f} %"
