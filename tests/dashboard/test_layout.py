from core.errors import RunError
from dashboard.layout import escape, escape_error, format_share


def test_a_share_shows_its_counts_and_its_interval():
    assert format_share(9912, 10_000) == "99.12 % (9,912 of 10,000)"
    assert format_share(9912, 10_000, (0.98917, 0.99285)) == "99.12 % (9,912 of 10,000) [98.92–99.28]"
    assert format_share(0, 0) == "— (0 of 0)"


def test_what_a_person_wrote_is_not_taken_for_markdown():
    assert escape("a *b* $c$ [d](e)") == r"a \*b\* \$c\$ \[d\](e)"
    assert escape("plain, 99.12 % (sprint-4)") == "plain, 99.12 % (sprint-4)"


def test_a_command_that_an_error_advises_is_shown_as_one():
    said = "The run *a* in `b` is not evaluated; `python -m core evaluate a_b_c` does it, not `python -m core"
    shown = r"The run \*a\* in \`b\` is not evaluated; `python -m core evaluate a_b_c` does it, not \`python -m core"
    assert escape_error(RunError(said)) == shown
