"""The layers of a network as a table: shapes, costs, and what each sees of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

if TYPE_CHECKING:
    from core.models.summary import LayerSummary


def render_layers(layers: list[LayerSummary], *, is_narrow: bool = False) -> None:
    """Draw a row for each layer.

    Args:
        layers: in the order they run.
        is_narrow: leave out their names, to fit a column at the side.
    """
    table = pd.DataFrame(
        {
            "Layer": [layer.name or layer.kind for layer in layers],
            "Kind": [layer.kind for layer in layers],
            "Output": [" × ".join(map(str, layer.output_shape)) for layer in layers],
            "Parameters": [layer.parameters for layer in layers],
            "Multiplications": [layer.multiplies for layer in layers],
            "Sees": [layer.receptive_field for layer in layers],
        }
    )
    columns = {
        "Parameters": st.column_config.NumberColumn(format="localized"),
        "Multiplications": st.column_config.NumberColumn(
            format="localized", help="Products summed up for one digit, in convolutions and linear layers."
        ),
        "Sees": st.column_config.NumberColumn(
            format="%d px",
            help="Receptive field: side of the square of the picture that one place of the output depends on, padding "
            "included; from 'Flatten' on, all places together. A digit has 28 pixels a side.",
        ),
    }
    st.dataframe(
        table,
        hide_index=True,
        column_config=columns,
        column_order=list(table)[1:] if is_narrow else None,
        alt="The layers of the network in the order they run",
    )
