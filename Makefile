# Needs Python >= 3.11 (with venv) and make; everything else is installed into .venv.
# PYTHON=python3.12 make install: another Python.

# A distribution's own is built with profile-guided optimisation, one that pyenv built mostly is not: a log-in costs it a fifth more.
PYTHON ?= $(shell for p in /usr/bin/python3 python3; do $$p -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; done; echo $$p)
PORT ?= 8000
UV := 0.13.9
BIN := .venv/bin

export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
# Compiled now, so that no start compiles: 3 s of it where bytecode is not written.
export UV_COMPILE_BYTECODE := 1
unexport VIRTUAL_ENV
# pytest's own, too: to rewrite every assert anew takes each of its processes 4 s.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install run test test-long e2e bench chaos check messages clean

install: .venv/installed

run: install
	@exec $(BIN)/portal serve --seed --port $(PORT)

# Three, though there may be two processors: the third works while two wait for processes, peers and each other's clocks. In one piece
# each until one has nothing left, so that what a file shares is started once.
test: .venv/browser
	$(BIN)/pytest -n 3 --dist worksteal -m "not long" $(ARGS)

# Minutes of load, kill -9 and restarts; and what make test tells in one way or on one database, in the other.
test-long: .venv/browser
	$(BIN)/pytest -m long $(ARGS)

e2e: .venv/browser
	$(BIN)/pytest e2e --tracing=retain-on-failure $(ARGS)

bench: .venv/browser
	$(BIN)/python -m tests.bench

# Ten minutes of load, kill -9, restarts and failing vendors; then the books are compared.
chaos: .venv/tested
	$(BIN)/python -m tests.bench chaos --scale 1

check: .venv/tested
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Sentences of the code into the catalogues: new ones come empty, for a translator; nobody guesses.
messages: .venv/tested
	$(BIN)/python -m tests.messages

clean:
	rm -rf .venv build dist test-results .pytest_cache .mypy_cache .ruff_cache

# Stamps: nothing is asked of the network again until the lock changes.
.venv/uv-$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: PYTHON=python3.12 make $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: on Debian, apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV)
	@touch $@

.venv/installed: .venv/uv-$(UV) pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact --no-dev
	$(BIN)/python -m compileall -q portal
	@touch $@

.venv/tested: .venv/uv-$(UV) pyproject.toml uv.lock
	$(BIN)/uv sync --quiet --frozen --inexact
	$(BIN)/python -m compileall -q portal
	@touch $@ .venv/installed

.venv/browser: .venv/tested tests/browser.py
	$(BIN)/python -m tests.browser
	@touch $@
