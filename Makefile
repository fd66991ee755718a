# Everything starts here. Each target first brings .venv up to date, which takes a moment when nothing changed.
#   make try        the bot in a local workspace, in your browser: no Slack, no GPU, no network needed
#   make demo       the same without a browser: a scripted conversation, printed
#   make test       checks and quick tests (10 minutes at most on two cores)
#   make test-full  the tests that need the real models or minutes
#   make lint       checks only
#   make lock       choose the newest versions that pyproject.toml admits, and write the lock files
#   make sbom       write the software bill of materials, CycloneDX JSON, to sbom.json
#   make env        write .env.example anew from the settings
# Another Python: make PYTHON=python3.13 try. Another build of PyTorch than the machine suggests: make TORCH=cpu try.

PYTHON ?= python3
TORCH ?= auto
PORT ?= 8765
PYTEST_OPTIONS ?=
SETUP = $(PYTHON) tools/setup.py --torch $(TORCH)
RUN = .venv/bin/python -m

.PHONY: help try demo test test-full lint lock sbom env setup setup-tests

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@$(SETUP)

setup-tests:
	@$(SETUP) --test

try: setup
	@$(RUN) bot.cli try --port $(PORT)

demo: setup
	@$(RUN) bot.cli demo

test: lint
	$(RUN) pytest -m "not slow" -rs -n auto --maxprocesses 4 --dist loadfile $(PYTEST_OPTIONS)

test-full: setup-tests
	$(RUN) pytest -m slow --timeout 1200 -rs $(PYTEST_OPTIONS)

lint: setup-tests
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

lock: setup-tests
	@.venv/bin/python tools/lock.py

sbom:
	@$(PYTHON) tools/sbom.py > sbom.json

env: setup
	@.venv/bin/python -c 'from bot.settings import example; print(example(), end="")' > .env.example
