# make demo   sets everything up and runs the main job on the built-in sample, offline
# make test   sets everything up and passes the tests
# make long   the tests of random inputs and kills, with many more of them
PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.ready
TORCHVISION := .venv/torchvision
AXE := .venv/axe/node_modules/axe-core/axe.min.js

.PHONY: demo test long docs lint clean browser

demo: $(SETUP)
	rm -rf demo
	$(BIN)/brandfit import sample -w demo
	$(BIN)/brandfit check -w demo
	$(BIN)/brandfit encode text.minilm image.classical concept.bag engagement -w demo
	$(BIN)/brandfit train brandfit -w demo
	$(BIN)/brandfit rank northpeak.outdoor -k 10 -w demo
	$(BIN)/brandfit evaluate simcos wsim brandfit --seeds 3 -w demo
	$(BIN)/brandfit export rankings demo/rankings.csv -k 20 -w demo
	$(BIN)/brandfit export report demo/northpeak.html --brand northpeak.outdoor -k 5 --budget 2000 -w demo
	@echo "The workspace is in demo/, the ranked influencers of every brand in demo/rankings.csv, a report in demo/northpeak.html."

test: $(SETUP) $(TORCHVISION) $(AXE) browser docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadfile

long: $(SETUP)
	BRANDFIT_MALFORMED=2000 BRANDFIT_MUTATED=10000 BRANDFIT_KILLS=10 BRANDFIT_FUZZ=5000 $(BIN)/python -m pytest -n 2 --dist loadfile \
	  tests/data/test_malformed.py tests/data/test_field_mutated.py tests/reproduction/test_real_data.py tests/service/test_schema.py

# Tables of encoders, rankers, profilers and importers, and the file map of docs/architecture.md.
docs: $(SETUP)
	$(BIN)/python docs/generate.py

lint: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv demo build dist

# torch comes first and alone: pinned, so that no other package draws in another build of it.
$(SETUP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(SETUP)

# Beside, not in, the environment: some indexes have a torchvision that was built for another torch. The tests know how to take it;
# whoever else imports it there, be it by way of transformers, would fail.
$(TORCHVISION): $(SETUP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --constraint constraints.txt --upgrade --target $(TORCHVISION) torchvision

# Axe finds what keeps people from using a page; without npm the tests that use it are skipped, and say so.
$(AXE): $(SETUP)
	@command -v npm > /dev/null && npm install --silent --no-audit --no-fund --prefix .venv/axe axe-core@4.14.1 \
	  || echo "axe-core could not be had from npm: the tests of what keeps people from using a page are skipped."

# Chromium for the tests of the pages, from Debian's packages, where they may be installed; else those tests are skipped, and say so.
browser:
	@command -v chromium > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	  && apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends chromium; } \
	  || echo "Chromium is not here: the tests of the pages in a browser are skipped."
