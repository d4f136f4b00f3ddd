"""How shares, times and kinds of digits are written, on pages, in charts and in reports. Imports nothing."""

PLURALS = ("zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines")


def format_percent(share: float) -> str:
    """Write a fraction as a percentage with two decimals."""
    return f"{100 * share:.2f} %"


def format_seconds(seconds: float) -> str:
    """Write a time in the unit a person would use: '0.8 s', '42 s', '3 min 20 s', '2 h 5 min'."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
