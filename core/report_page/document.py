"""The frame of the report: head, style, and the two scripts that may run in it."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from plotly.offline import get_plotlyjs

from core.report_page.markup import escape

# The dashboard's paper and ink.
LIGHT = {"paper": "#fbfaf6", "wash": "#f1eee5", "ink": "#23262b", "faint": "#5d5f62", "line": "#dcd7ca"}
DARK = {"paper": "#17191d", "wash": "#24272d", "ink": "#e9e5db", "faint": "#a9a69f", "line": "#3a3e45"}
LIGHT |= {"right": "#1f5fa8", "wrong": "#a64a0b", "mark": "#f6e7b4"}
DARK |= {"right": "#78aee8", "wrong": "#eb9a52", "mark": "#4d4320"}

_STYLE = """
* { box-sizing: border-box; }
:root { color-scheme: light dark; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1, h2, h3 { font-family: Georgia, "Times New Roman", serif; line-height: 1.2; break-after: avoid; }
h1 { font-size: 1.9rem; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; margin: 2.6rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.6rem 0 .4rem; }
p { margin: .5rem 0; max-width: 46rem; overflow-wrap: anywhere; }
a { color: var(--right); }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 1rem 0; font-size: .95rem; }
.about, figcaption, caption, footer { color: var(--faint); font-size: .9rem; }
.notice { border-left: 3px solid var(--wrong); padding-left: .7rem; }
.note { white-space: pre-wrap; border-left: 3px solid var(--line); padding-left: .7rem; }
.tags { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; padding: 0; margin: .5rem 0; }
.tags li { background: var(--wash); border: 1px solid var(--line); border-radius: 4px; padding: 0 .5rem; }
.scroll { overflow-x: auto; margin: .8rem 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { padding: .22rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { border-bottom-color: var(--faint); vertical-align: bottom; }
tbody th { font-weight: 600; }
.numbers th:not(:first-child), .numbers td { text-align: right; }
.numbers td, .numbers tbody th, .list td, .list tbody th { white-space: nowrap; }
.words, .facts { width: 100%; }
.facts td { overflow-wrap: anywhere; }
.marked { background: var(--mark); }
.matrix th, .matrix td { padding: .3rem .1rem; min-width: 2.6rem; text-align: center; border: 1px solid var(--line); }
.matrix td { background: color-mix(in srgb, var(--ink) var(--shade), var(--paper)); }
.matrix td.inked { color: var(--paper); }
figure { margin: 1rem 0; break-inside: avoid; }
.chart { width: 100%; overflow: hidden; }
details { margin: .5rem 0; }
summary { cursor: pointer; color: var(--right); }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(92px, 1fr)); gap: .8rem .5rem; }
.digits { list-style: none; padding: 0; margin: 1rem 0; }
.digits li { display: grid; justify-items: center; break-inside: avoid; font-size: .9rem; }
.digits img { image-rendering: pixelated; border: 1px solid var(--line); border-radius: 4px; background: #fff; }
.right b { color: var(--right); }
.wrong b { color: var(--wrong); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .6rem; }
@media (max-width: 640px) {
  main { padding: 1rem .8rem 3rem; }
  .matrix { font-size: .7rem; }
  .matrix th, .matrix td { min-width: 1.72rem; padding: .35rem 0; }
  /* Name and value side by side, and what explains them beneath. */
  .words tr { display: grid; grid-template-columns: 3fr 2fr; border-bottom: 1px solid var(--line); }
  .words th, .words td { border-bottom: 0; overflow-wrap: anywhere; padding: .15rem .3rem; }
  .words td:nth-child(3) { grid-column: 1 / -1; color: var(--faint); }
  .words th:nth-child(3) { display: none; }
}
@media screen and (prefers-color-scheme: dark) {
  .digits img { filter: invert(1); }
}
@media print {
  @page { margin: 15mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  :root { color-scheme: light; }
  body { font-size: 10.5pt; background: #fff; }
  main { padding: 0; max-width: none; }
  nav, details { display: none; }
  tr, .scroll:has(.matrix) { break-inside: avoid; }
  .scroll { overflow: visible; }
}
"""

_DRAW = """
"use strict";
const { figures, light, dark } = JSON.parse(document.getElementById("figures").textContent);
const lamplight = matchMedia("(prefers-color-scheme: dark)");
const PAGE_WIDTH = 660; // of A4 within its margins, in CSS pixels

function draw(colors, width) {
  const axis = { automargin: true, gridcolor: colors.line, zerolinecolor: colors.line, linecolor: colors.faint };
  const layout = {
    font: { family: "system-ui, sans-serif", size: 13, color: colors.ink },
    xaxis: axis,
    yaxis: axis,
    hoverlabel: { bgcolor: colors.paper, bordercolor: colors.faint, font: { color: colors.ink } },
  };
  for (const [name, figure] of Object.entries(figures)) {
    const size = width ? { width, autosize: false } : { autosize: true };
    Plotly.react(name, figure.data, { ...figure.layout, ...size, template: { layout } }, {
      displayModeBar: false,
      displaylogo: false,
      responsive: true,
    });
  }
}

function drawForScreen() {
  draw(lamplight.matches ? dark : light);
}

drawForScreen();
lamplight.addEventListener("change", drawForScreen);
addEventListener("beforeprint", () => draw(light, PAGE_WIDTH));
addEventListener("afterprint", drawForScreen);
"""


def build_document(title: str, body: str, figures: dict[str, Any]) -> str:
    """Return the whole page.

    Its content security policy names the two scripts by their hashes and allows no address but data within the page:
    a browser runs nothing else in it and asks nothing of anybody.

    Args:
        title: of the window.
        body: HTML of what it shows.
        figures: Plotly's JSON by the id of the element that shows it; without any, no script is included.
    """
    scripts = [get_plotlyjs(), _DRAW] if figures else []
    allowed = " ".join(f"'sha256-{_hash(script)}'" for script in scripts) or "'none'"
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    data = json.dumps({"figures": figures, "light": LIGHT, "dark": DARK}, ensure_ascii=False)
    # A "<" in it could end the element that holds it.
    data = data.replace("<", "\\u003c")
    carried = f'<script type="application/json" id="figures">{data}</script>' if figures else ""
    return (
        '<!DOCTYPE html>\n<html lang="en-GB"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{_build_style()}</style></head>\n'
        f"<body><main>{body}</main>\n{carried}"
        f"{''.join(f'<script>{script}</script>' for script in scripts)}</body></html>\n"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _build_style() -> str:
    light, dark = ("".join(f"--{name}:{color};" for name, color in colors.items()) for colors in (LIGHT, DARK))
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{_STYLE}"
