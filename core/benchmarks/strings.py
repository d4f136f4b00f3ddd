"""How well numbers are read, and what is none: made-up numbers, lone digits, letters, scribbles and symbols.

The numbers are made of MNIST's test digits, on which nothing was chosen: the two networks of core.reading come from
training digits, the constants there and in core.evaluation.gate from validation digits
(`measure_strings(…, split="validation")` measures on the latter).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core.benchmarks.machine import describe_machine
from core.data.datasets import load, split_indices
from core.data.strings import CONDITIONS, LENGTHS, make_string, write_mixed
from core.data.strokes import (
    LETTERS,
    SYMBOLS,
    UNLIKE_DIGITS,
    draw_letter,
    draw_scribble,
    draw_symbol,
    draw_unlike_letter,
)
from core.errors import ConfigError
from core.evaluation.metrics import wilson_interval
from core.evaluation.predict import load_classifier, predict_probabilities
from core.evaluation.read import read_digits, read_numbers
from core.reading.examples import VALIDATION_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.data.datasets import Split
    from core.evaluation.predict import Classifier
    from core.runs.store import Run

GOALS = {"separate_5_exact": 0.985, "touching_5_exact": 0.95, "broken_5_exact": 0.96}
_MAIN_LENGTH = 5
# What stands in the place of a digit: the seed that it is drawn with, and what draws it.
AMONG_DIGITS = {"letters": (102, draw_unlike_letter), "symbols": (104, draw_symbol)}


@dataclass(frozen=True)
class StringScore:
    """What became of n numbers of one kind.

    Attributes:
        condition: as in core.data.strings.
        length: digits in each.
        total: n.
        exact: read without any mistake.
        right_length: read as the right number of digits.
        digit_accuracy: share of the digits that need not be put in, taken out or changed to be right, at least 0.
        known: all of whose digits are read right in MNIST's own form, before they are put together.
        confident: mean confidence of what was read.
    """

    condition: str
    length: int
    total: int
    exact: int
    right_length: int
    digit_accuracy: float
    known: int
    confident: float

    def list_figures(self) -> dict[str, float]:
        """Return what is told of it by name: shares, the 95 % Wilson interval of the exact one, and n."""
        low, high = wilson_interval(self.exact, self.total)
        figures = {
            "exact": self.exact / self.total,
            "low": low,
            "high": high,
            "right_length": self.right_length / self.total,
            "digit_accuracy": self.digit_accuracy,
            "known": self.known / self.total,
            "total": self.total,
        }
        return {f"{self.condition}_{self.length}_{name}": value for name, value in figures.items()}

    def describe(self) -> dict[str, Any]:
        """Return all fields and the 95 % Wilson interval of the exact share, for JSON."""
        return {**vars(self), "interval": list(wilson_interval(self.exact, self.total))}


def measure_strings(
    run: Run,
    strings: int = 500,
    seed: int = 0,
    split: str = "test",
    on_progress: Callable[[str], None] = lambda _: None,
    *,
    conditions: Sequence[str] = (),
    lengths: Sequence[int] = (),
) -> dict[str, Any]:
    """Measure reading on seeded numbers of 2 to 6 digits, lone digits, letters, scribbles and symbols.

    The same seed makes the same numbers, the first ones of more of them too.

    Args:
        run: what reads.
        strings: numbers of five digits per condition; of the other lengths a quarter of it each.
        seed: of all chance.
        split: "test", or "validation" for choosing.
        on_progress: told what is measured next.
        conditions: which to measure, and nothing but numbers; none for all, lone digits and strangers.
        lengths: which to measure; none for all.

    Raises:
        ConfigError: if there is no such condition or length.
    """
    _check_choice("condition", conditions, CONDITIONS)
    _check_choice("length", lengths, LENGTHS)
    digits = load("mnist")
    part, indices = (
        (digits.test, np.arange(len(digits.test.labels)))
        if split == "test"
        else (
            digits.train,
            split_indices(digits.train.labels, VALIDATION_SIZE)[1],
        )
    )
    classifier = load_classifier(run)
    known = np.zeros(len(part.labels), bool)
    known[indices] = predict_probabilities(classifier, part.images[indices]).argmax(1) == part.labels[indices]
    rows = []
    for condition in conditions or CONDITIONS:
        for length in lengths or LENGTHS:
            on_progress(f"{condition}, {length} digits")
            n = strings if length == _MAIN_LENGTH else max(1, strings // 4)
            rows.append(score_strings(classifier, part, indices, known, condition, length, n, seed))
    strangers: dict[str, Any] = {"figures": {}, "letters": {}}
    lone: dict[str, float] = {}
    if not conditions:
        on_progress("lone digits")
        lone = score_lone_digits(classifier, part, indices[: 5 * strings], seed)
        on_progress("letters, scribbles and symbols")
        strangers = score_strangers(classifier, max(1, strings // 10), seed)
        for kind in AMONG_DIGITS:
            strangers["figures"] |= score_among_digits(classifier, part, indices, kind, strings, seed)
    figures = {name: value for row in rows if row.length == _MAIN_LENGTH for name, value in row.list_figures().items()}
    picture = make_string(part, "touching", _MAIN_LENGTH, np.random.default_rng(seed), indices).picture
    return {
        "machine": describe_machine(),
        "run": run.id,
        "figures": {
            **figures,
            **lone,
            **strangers["figures"],
            "reading_ms_p50": measure_reading_ms(classifier, picture),
        },
        "goals": {name: goal for name, goal in GOALS.items() if name in figures},
        "strings": [row.describe() for row in rows],
        "accepted_letters": {letter: f"{k}/{n}" for letter, (k, n) in strangers["letters"].items()},
    }


def _check_choice(what: str, chosen: Sequence[Any], known: Sequence[Any]) -> None:
    unknown = [str(one) for one in chosen if one not in known]
    if unknown:
        raise ConfigError([f"There is no {what} {unknown[0]}; choose from {', '.join(map(str, known))}."])


def describe_rows(result: dict[str, Any]) -> list[str]:
    """Return the table of numbers by condition and length as lines of text."""
    lines = ["condition digits     n  exact (95 % interval)       length  digits  known  confidence"]
    for row in result["strings"]:
        n = row["total"]
        low, high = row["interval"]
        length = row["right_length"] / n
        lines.append(
            f"{row['condition']:9} {row['length']:6} {n:5}  {row['exact'] / n:7.2%} ({low:.2%} to {high:.2%})"
            f"  {length:7.2%} {row['digit_accuracy']:7.2%} {row['known'] / n:6.1%} {row['confident']:6.1%}"
        )
    accepted = ", ".join(f"{letter} {count}" for letter, count in result["accepted_letters"].items())
    return [*lines, f"Letters taken for digits: {accepted}"] if accepted else lines


def score_strings(
    classifier: Classifier,
    part: Split,
    indices: np.ndarray,
    known: np.ndarray,
    condition: str,
    length: int,
    n: int,
    seed: int,
) -> StringScore:
    """Read n numbers of one kind; the same seed makes the same numbers."""
    rng = np.random.default_rng((seed, CONDITIONS.index(condition), length))
    exact = right_length = mistakes = all_known = 0
    confident = 0.0
    for _ in range(n):
        string = make_string(part, condition, length, rng, indices)
        numbers = read_numbers(classifier, string.picture)
        text = "".join(number.text for number in numbers)
        confident += float(np.prod([number.confidence for number in numbers]))
        exact += text == string.text
        right_length += len(text) == length
        mistakes += min(length, compute_edit_distance(text, string.text))
        all_known += bool(known[string.indices].all())
    return StringScore(condition, length, n, exact, right_length, 1 - mistakes / (n * length), all_known, confident / n)


def compute_edit_distance(a: str, b: str) -> int:
    """Return how many characters must be put in, taken out or changed to make one text the other.

    Source: Wagner and Fischer 1974, The string-to-string correction problem.
    """
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]


def score_lone_digits(classifier: Classifier, part: Split, indices: np.ndarray, seed: int) -> dict[str, float]:
    """Read digits one to a picture: how many stay whole, are read right, and are rejected as no digit."""
    rng = np.random.default_rng((seed, 100))
    whole = right = rejected = 0
    for index in indices:
        string = make_string(part, "separate", 1, rng, indices[indices == index])
        read = read_digits(classifier, string.picture)
        whole += len(read) == 1
        right += len(read) == 1 and str(read[0].label) == string.text
        rejected += not all(digit.is_digit for digit in read)
    n = len(indices)
    return {"lone_whole": whole / n, "lone_right": right / n, "lone_false_reject": rejected / n, "lone_total": n}


def score_strangers(classifier: Classifier, repeats: int, seed: int) -> dict[str, Any]:
    """Read letters, scribbles and symbols; one is falsely accepted if anything in it is taken for a digit."""
    rng = np.random.default_rng((seed, 101))
    letters = {
        letter: (sum(_is_accepted(classifier, draw_letter(letter, rng)) for _ in range(repeats)), repeats)
        for letter in LETTERS
    }
    scribbles = [_is_accepted(classifier, draw_scribble(rng)) for _ in range(15 * repeats)]
    rng = np.random.default_rng((seed, 103))
    symbols = [_is_accepted(classifier, draw_letter(symbol, rng)) for symbol in SYMBOLS for _ in range(repeats)]
    others = [letters[letter][0] for letter in UNLIKE_DIGITS]
    figures = {
        "letters_false_accept": sum(k for k, _ in letters.values()) / (repeats * len(letters)),
        "other_letters_false_accept": sum(others) / (repeats * len(others)),
        "scribbles_false_accept": sum(scribbles) / len(scribbles),
        "symbols_false_accept": sum(symbols) / len(symbols),
        "letters_total": repeats * len(letters),
        "other_letters_total": repeats * len(others),
        "scribbles_total": len(scribbles),
        "symbols_total": len(symbols),
    }
    return {"figures": figures, "letters": letters}


def score_among_digits(
    classifier: Classifier, part: Split, indices: np.ndarray, kind: str, n: int, seed: int
) -> dict[str, float]:
    """Read numbers with a stranger in the place of one digit; it is falsely accepted if all is taken for digits.

    Args:
        classifier: what reads.
        part: what the digits are drawn from.
        indices: which of them may be.
        kind: of stranger, one of AMONG_DIGITS.
        n: how many numbers.
        seed: of all chance.
    """
    own_seed, draw = AMONG_DIGITS[kind]
    rng = np.random.default_rng((seed, own_seed))
    accepted = 0
    for _ in range(n):
        stranger = draw(rng)
        picture = write_mixed(part, rng.choice(indices, _MAIN_LENGTH), stranger, rng).picture
        accepted += all(digit.is_digit for digit in read_digits(classifier, picture))
    return {f"{kind}_among_digits_false_accept": accepted / n, f"{kind}_among_digits_total": n}


def _is_accepted(classifier: Classifier, picture: np.ndarray) -> bool:
    return any(digit.is_digit for digit in read_digits(classifier, picture))


def measure_reading_ms(classifier: Classifier, picture: np.ndarray, repeats: int = 11) -> float:
    """Return the median time of reading one picture, in milliseconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        read_digits(classifier, picture)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))
