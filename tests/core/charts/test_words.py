import pytest

from core.charts.words import PLURALS, format_percent, format_seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (42.4, "42 s"),
        (59.7, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_times_are_in_the_unit_a_person_would_use(seconds, text):
    assert format_seconds(seconds) == text


def test_shares_have_two_decimals_and_digits_their_plurals():
    assert format_percent(0.99124) == "99.12 %"
    assert [PLURALS[4], len(PLURALS)] == ["fours", 10]
