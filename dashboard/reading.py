"""What a network read, in pictures and figures: the answer, the steps that led to it, the boxes on the picture."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dashboard.gallery import format_probability
from dashboard.tiles import make_picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from core.evaluation.read import ReadDigit, ReadNumber

# An uploaded picture is shown about as large as this at least and at most; it is read as it is.
LEAST_PX, MOST_PX = 160, 640
_TOGETHER = "The percentage above is for all of it: every label right, and each part one whole digit."
_HELP = "A second network, which has learned from touching and broken digits, has half the chosen one's vote in each."
# Of the pictures of the steps.
STEP_PX = 96
STYLE = """
<style>
.st-key-answer { flex: 1 1 20rem; min-width: min(20rem, 100%); }
.reading { display: flex; flex-wrap: wrap; gap: 1rem 1.5rem; --accent: light-dark(#1f4f8b, #6fa3dc); }
.reading h2 { flex: 1 0 100%; margin: 0; padding: 0; font-size: 1.5rem; min-height: 1.2em; }
.reading h2.single { font-size: 2.6rem; line-height: 1; }
.reading h2.nothing { font-size: 1.2rem; }
.reading h2 small { font-size: 1.1rem; font-weight: 400; }
.reading .digit { display: flex; flex-wrap: wrap; gap: .5rem 1rem; flex: 0 1 8.5rem; min-width: 8.5rem; }
.reading .digit.only { flex: 1 1 20rem; }
.reading img { image-rendering: pixelated; background: #000; width: 112px; height: 112px; }
.reading .only img { width: 140px; height: 140px; }
.reading figure { margin: 0; }
.reading > p { flex: 1 0 100%; margin: 0; }
.reading > p, .reading figcaption { font-size: .8rem; opacity: .75; }
.reading ul { list-style: none; margin: 0; padding: 0; flex: 1 1 8rem; max-width: 24rem; font-size: .85rem; }
.reading li { display: grid; grid-template-columns: 1rem 1fr 3.6rem; align-items: center; margin: 0; line-height: 1.3; }
.reading li span:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.reading li.best { font-weight: 700; }
.reading i { display: block; height: .7rem; min-width: 1px; background: currentColor; opacity: .45; }
.reading .best i { background: var(--accent); opacity: 1; }
.boxed { position: relative; display: inline-block; max-width: 100%; margin: 1.5rem 0 1rem; }
.boxed img { display: block; max-width: 100%; max-height: 22rem; }
.boxed span { position: absolute; border: 2px solid #2f6fb3; }
.boxed span.none { border-style: dashed; border-color: #d9822b; }
.boxed .none b { background: #a8480a; }
.reading .none ul { opacity: .55; }
.boxed b { position: absolute; left: -2px; bottom: 100%; padding: 0 .3em; line-height: 1.3; }
.boxed b { background: #2f6fb3; color: #fff; }
.stHtml ol.steps { display: flex; flex-wrap: wrap; gap: .5rem; margin: .25rem 0 0; padding: 0; list-style: none; }
.steps li { margin: 0; font-size: .75rem; line-height: 1.3; width: 96px; }
.steps .frame { width: 96px; height: 96px; display: grid; place-items: center; }
.steps .frame { background: light-dark(#eae6db, #2a2e34); }
.steps .boxed { margin: 0; }
.steps .boxed span { border-width: 1px; outline: 1px solid #fff8; }
.steps .boxed b { font-size: .65rem; left: -1px; padding: 0 .25em; line-height: 1.1; }
.steps img { image-rendering: pixelated; max-height: none; }
</style>
"""


def build_bars(probabilities: Sequence[float]) -> str:
    """Return the ten probabilities as a list with bars; the most probable stands out by weight and colour."""
    best = max(range(len(probabilities)), key=lambda digit: probabilities[digit])
    rows = [
        f'<li class="{"best" if digit == best else ""}"><span>{digit}</span>'
        f'<i style="width:{100 * value:.2f}%"></i><span>{format_probability(value)}</span></li>'
        for digit, value in enumerate(probabilities)
    ]
    return f'<ul role="list" aria-label="Probability of each digit">{"".join(rows)}</ul>'


def build_answer(numbers: Sequence[ReadNumber]) -> str:
    """Return what was read, line by line and left to right: each digit as the network saw it, and its probabilities."""
    from core.evaluation.read import list_digits

    digits = list_digits(numbers)
    is_single = len(digits) == 1
    parts = [f'<div class="reading"><h2 role="status" class="{_choose_class(digits)}">{_build_title(numbers)}</h2>']
    for place, digit in enumerate(digits, 1):
        sure = format_probability(float(digit.probabilities.max()))
        unlike = f"not a digit; most like {_write_with_article(digit.label)}"
        caption = f"{digit.label} with {sure}" if digit.is_digit else unlike
        parts.append(
            f'<div class="digit {"only" if is_single else ""} {"" if digit.is_digit else "none"}"><figure>'
            f'<img src="{encode_png(make_picture(digit.preparation.image, 5))}" '
            f'alt="Digit {place} as the network sees it, 28 by 28 pixels, read as {digit.text}">'
            f"<figcaption>{'what the network sees' if is_single else caption}</figcaption></figure>"
            f"{build_bars(digit.probabilities.tolist())}</div>"
        )
    if not is_single or digits[0].is_cut:
        together = f"{_TOGETHER} " if any(digit.is_digit for digit in digits) else ""
        parts.append(f"<p>{together}{_HELP}</p>")
    return "".join(parts) + "</div>"


def _choose_class(digits: Sequence[ReadDigit]) -> str:
    return "single" if len(digits) == 1 and digits[0].is_digit else ""


def _build_title(numbers: Sequence[ReadNumber]) -> str:
    from core.evaluation.judge import summarize_reading
    from core.evaluation.read import list_digits

    digits = list_digits(numbers)
    if len(digits) == 1 and not digits[0].is_digit:
        return f"Not a digit <small>Of the ten it is most like {_write_with_article(digits[0].label)}.</small>"
    if len(digits) == 1:
        return f"{digits[0].label} <small>with {format_probability(float(digits[0].probabilities.max()))}</small>"
    n = sum(digit.is_digit for digit in digits)
    if n == 0:
        return f"No digit <small>{len(digits)} parts, and none of them looks like one.</small>"
    text = " / ".join(" ".join(number.text) for number in numbers)
    sure = format_probability(summarize_reading(numbers).sureness)
    rest = f", and {len(digits) - n} that {'is' if len(digits) - n == 1 else 'are'} none" if n < len(digits) else ""
    return f"Read {n} digit{'' if n == 1 else 's'}: {text} <small>with {sure}{rest}</small>"


def _write_with_article(label: int) -> str:
    return f"an {label}" if label == 8 else f"a {label}"


def build_boxed_picture(picture: NDArray[np.uint8], digits: Sequence[ReadDigit]) -> str:
    """Return the picture with a box and the answer on each digit that was found in it."""
    alt = f"The picture, with a box around each of the {len(digits)} digits found"
    return _build_boxes(picture, digits, alt, least=LEAST_PX, most=MOST_PX, with_labels=True)


def build_steps(picture: NDArray[np.uint8], digits: Sequence[ReadDigit]) -> str:
    """Return the way from the picture to what the network sees, side by side: ink, box, 20×20, centred 28×28.

    Args:
        picture: (h, w) uint8 grey, in which the digits were found.
        digits: what was read in it; of several, each has its own last two steps.
    """
    from core.data.ink import find_ink

    ink = np.rint(255 * find_ink(picture)).astype(np.uint8)
    boxes = "in its box" if len(digits) == 1 else "each in its box"
    steps = [
        ("1 drawing", _build_boxes(picture, [], "The drawing as it is", least=STEP_PX, most=STEP_PX)),
        ("2 ink, paper taken away", _build_boxes(ink, [], "Its ink, white on black", least=STEP_PX, most=STEP_PX)),
        (f"3 {boxes}", _build_boxes(ink, digits, f"The ink, {boxes}", least=STEP_PX, most=STEP_PX, with_labels=True)),
    ]
    for digit in digits:
        name = "" if len(digits) == 1 else f" of the {digit.text}"
        fitted = np.rint(255 * digit.preparation.fitted).astype(np.uint8)
        image = digit.preparation.image
        steps.append((f"4 fitted into 20×20{name}", _build_pixels(fitted, f"The digit{name} fitted into 20 by 20")))
        steps.append((f"5 centred in 28×28{name}", _build_pixels(image, f"The digit{name} centred in 28 by 28")))
    items = [f'<li><div class="frame">{figure}</div>{words}</li>' for words, figure in steps]
    label = "From the drawing to the network, step by step"
    return f'<ol class="steps" role="list" aria-label="{label}">{"".join(items)}</ol>'


def encode_png(png: bytes) -> str:
    """Return the bytes of a PNG as an address that needs no request."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _build_pixels(pixels: NDArray[np.uint8], alt: str) -> str:
    """Return a small picture with every pixel three of the screen's."""
    height, width = pixels.shape
    return f'<img src="{encode_png(_pack(pixels))}" width="{3 * width}" height="{3 * height}" alt="{alt}">'


def _build_boxes(
    picture: NDArray[np.uint8],
    digits: Sequence[ReadDigit],
    alt: str,
    *,
    least: int,
    most: int,
    with_labels: bool = False,
) -> str:
    height, width = picture.shape
    enlarge = max(1, least // max(height, width))
    shown = Image.fromarray(picture.repeat(enlarge, axis=0).repeat(enlarge, axis=1))
    shown.thumbnail((most, most))
    boxes = []
    for digit in digits:
        left, top, right, bottom = digit.preparation.box
        name = f"<b>{digit.text}</b>" if with_labels else ""
        boxes.append(
            f'<span class="{"" if digit.is_digit else "none"}" '
            f'style="left:{100 * left / width:.2f}%;top:{100 * top / height:.2f}%;'
            f'width:{100 * (right - left) / width:.2f}%;height:{100 * (bottom - top) / height:.2f}%">{name}</span>'
        )
    address = encode_png(_pack(np.asarray(shown)))
    return f'<div class="boxed"><img src="{address}" alt="{alt}">{"".join(boxes)}</div>'


def _pack(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
