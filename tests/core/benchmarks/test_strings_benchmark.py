"""Made-up numbers read and counted: what is asked for alone, and the first ones of more of them."""

import numpy as np
import pytest

from core.benchmarks.strings import describe_rows, measure_strings, score_among_digits
from core.errors import ConfigError
from core.evaluation.predict import load_classifier


def test_only_what_is_asked_for_is_measured(trained_mnist):
    told = []
    result = measure_strings(trained_mnist, 3, on_progress=told.append, conditions=["broken"], lengths=[5, 2])
    assert told == ["broken, 5 digits", "broken, 2 digits"]
    assert [(row["condition"], row["length"], row["total"]) for row in result["strings"]] == [
        ("broken", 5, 3),
        ("broken", 2, 1),
    ]
    assert result["goals"] == {"broken_5_exact": 0.96}
    assert result["figures"]["broken_5_exact"] == result["strings"][0]["exact"] / 3
    assert not any(name.startswith(("lone", "letters")) for name in result["figures"])
    lines = describe_rows(result)
    assert len(lines) == 3
    assert lines[1].split()[:3] == ["broken", "5", "3"]


def test_more_numbers_begin_with_the_same(trained_mnist, monkeypatch):
    from core.benchmarks import strings

    texts = []
    make = strings.make_string

    def note(*arguments):
        texts.append((made := make(*arguments)).text)
        return made

    monkeypatch.setattr(strings, "make_string", note)
    monkeypatch.setattr(strings, "measure_reading_ms", lambda *_: 0.0)
    for n in (1, 2):
        measure_strings(trained_mnist, n, conditions=["separate"], lengths=[5])
    # Beside them one touching number is made, whose reading is timed.
    first, _, again, second, _ = texts
    assert first == again != second


@pytest.mark.parametrize("kind", ["letters", "symbols"])
def test_a_stranger_among_digits_is_accepted_where_all_is_taken_for_digits(mnist, trained_mnist, monkeypatch, kind):
    from core.benchmarks import strings

    classifier, indices = load_classifier(trained_mnist), np.arange(100)
    read = strings.read_digits
    seen = []
    monkeypatch.setattr(strings, "read_digits", lambda *arguments: seen.append(read(*arguments)) or seen[-1])
    figures = score_among_digits(classifier, mnist.test, indices, kind, 12, 0)
    assert figures[f"{kind}_among_digits_total"] == len(seen) == 12
    unnoticed = sum(all(digit.is_digit for digit in digits) for digits in seen)
    assert figures[f"{kind}_among_digits_false_accept"] == unnoticed / 12 < 0.5


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"conditions": ["slanted"]}, "There is no condition slanted; choose from separate, touching, fused"),
        ({"lengths": [7]}, "There is no length 7; choose from 2, 3, 4, 5, 6."),
    ],
)
def test_what_does_not_exist_is_one_sentence(trained_mnist, chosen, message):
    with pytest.raises(ConfigError, match=message):
        measure_strings(trained_mnist, 1, **chosen)
