# Two commands: `make app` starts the workbench, `make test` runs every check and test. Both set up what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: app test check install data browser clean screenshots

app: install
	$(BIN)/streamlit run dashboard/Home.py

test: check data browser
	$(BIN)/pytest

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

install: $(VENV)/.installed

$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

# The tests contact nothing outside this machine, so the dataset is fetched before they start.
data: install
	$(BIN)/python -m core data

# The browser tests drive a Chromium that the system provides, or else Playwright's own.
browser: install
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
		|| $(BIN)/playwright install chromium

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache

# The pictures of the README, drawn anew.
screenshots: browser
	$(BIN)/python docs/take_screenshots.py
