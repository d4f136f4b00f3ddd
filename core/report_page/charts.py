"""The charts of the pages within the report: drawn by Plotly from data that the page itself carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.report_page.markup import escape

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass
class ChartSheet:
    """The figures of one page, gathered as they are placed.

    Attributes:
        figures: Plotly's JSON by the id of the element that shows it.
    """

    figures: dict[str, Any] = field(default_factory=dict)

    def place(self, name: str, figure: go.Figure, caption: str) -> str:
        """Keep a figure for drawing, and return the HTML of its place.

        Args:
            name: unique on the page.
            figure: from core.charts, with its description in `layout.meta["alt"]`.
            caption: what it shows, in a line.
        """
        alt, height = figure.layout.meta["alt"], figure.layout.height
        # Its script dresses the figures: they follow the reader's light or dark theme, and are light when printed.
        figure.layout.template = None
        self.figures[name] = json.loads(figure.to_json())
        return (
            f'<figure><div id="{escape(name)}" class="chart" role="img" aria-label="{escape(alt)}" '
            f'style="height:{height}px"></div><figcaption>{escape(caption)}</figcaption></figure>'
        )
