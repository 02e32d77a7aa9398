# Every target installs what it needs into .venv first; nothing else has to be set up by hand.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run call test check bench faults leaks flood fuzz check-google clean
help:            ## list the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/.runtime: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(BIN)/.dev: requirements-dev.txt $(BIN)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(BIN)/.runtime  ## start the server on http://localhost:8080, embedded engines, transcripts shown
	LOG_TRANSCRIPTS=true $(BIN)/python server.py

call: $(BIN)/.runtime  ## place a real call against the running server
	$(BIN)/python -m phone call http://localhost:8080

# The e2e tests mostly wait for real time: the others run beside them, on the other core.
test: $(BIN)/.dev  ## run all tests
	@$(BIN)/python -m pytest tests/e2e & e2e=$$!; \
	$(BIN)/python -m pytest tests/unit tests/faults --quiet --no-header; rest=$$?; \
	wait $$e2e && exit $$rest

check: $(BIN)/.dev  ## style, strict types (mypy and pyright), import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright

bench: $(BIN)/.dev  ## measure cadence and drops under load, print a table
	$(BIN)/python -m bench

faults: $(BIN)/.dev  ## break calls, recogniser and server in every way; writes docs/faults.md, keeps evidence
	@$(BIN)/python -m bench.faults; rows=$$?; \
	$(BIN)/python -m bench.leaks && exit $$rows

leaks: $(BIN)/.dev  ## hold 2000 calls, most of them broken somehow; what does the server keep?
	$(BIN)/python -m bench.leaks

flood: $(BIN)/.dev  ## send ten times too much on five calls for a minute, beside a sound call
	$(BIN)/python -m bench.flood

fuzz: $(BIN)/.dev  ## hostile input to the codec, the HTTP side and whole calls; which broke a promise?
	$(BIN)/python -m bench.fuzz

check-google: $(BIN)/.runtime  ## try real recognition and a real voice, with your credentials
	$(BIN)/python -m bench.check_google

clean:           ## remove the virtual environment and the caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
