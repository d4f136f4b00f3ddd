"""The app without a browser: open a page, click, press, and read what it shows."""

import json
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

from core.evaluation.select import DigitFilter, parse_filter

HOME_PAGE = Path(__file__).parents[2] / "dashboard" / "Home.py"


def open_view(view: str, /, **query: str) -> AppTest:
    """Open a page of the app by the name of its file, with these query parameters."""
    at = AppTest.from_file(HOME_PAGE, default_timeout=30).switch_page(f"views/{view}.py")
    for name, value in query.items():
        at.query_params[name] = value
    return run_again(at)


def run_again(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    return at


def click(at: AppTest, key: str, value: object) -> AppTest:
    """Click in a component: the click is there in one run and gone in the next."""
    at.session_state[key] = {"clicked": value}
    run_again(at)
    at.session_state[key] = {}
    return at


def press(at: AppTest, key: str) -> AppTest:
    at.button(key=key).click()
    return run_again(at)


def read_component(at: AppTest, name: str) -> dict:
    """Return the data given to the one component of that name."""
    [found] = [one for one in at.get("bidi_component") if one.proto.component_name == name]
    return json.loads(found.proto.json)


def read_sheet(at: AppTest) -> dict:
    return read_component(at, "digits.sheet")


def list_tiles(at: AppTest) -> list[int]:
    return [tile["index"] for tile in read_sheet(at)["tiles"]]


def unfold_table(at: AppTest, chart: str) -> pd.DataFrame:
    """Unfold the numbers of the chart under a key, and return them."""
    fold = f"{chart}-table"
    at.session_state[fold] = True
    run_again(at)
    [table] = [one.dataframe[0].value for one in at.expander if one.dataframe and one.proto.id.endswith(f"-{fold}")]
    return table


def read_completed_run(at: AppTest) -> str:
    """Return the run that the browser is told to write into the address."""
    return read_component(at, "digits.address")["parts"]["run"]


def read_filter(at: AppTest) -> DigitFilter:
    """Return the digits that the address asks for; all of it must mean something."""
    wanted, problems = parse_filter(dict(at.query_params))
    assert not problems
    return wanted


def read_sentences(at: AppTest) -> str:
    return "\n".join(one.value for one in [*at.markdown, *at.caption])
