# Everything is installed into .venv/, so `.venv/bin/python manage.py …` works after any of these.
SHELL := /bin/sh
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTHON ?= python3.11

help: ## list these targets
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/make \1	\2/p' Makefile

install: .venv/installed ## install what is locked into .venv/

run: install messages ## serve the portal with the demo society (ONCE=1: stop after the main job)
	@exec $(BIN)/python manage.py run $(if $(filter 1,$(ONCE)),--once)

# One process more than cores: much of the time a test waits, for a disk or for the processes it started.
test: lint browser ## everything CI runs
	@exec $(BIN)/python -m pytest --numprocesses $$(($$(nproc) + 1)) --maxprocesses 4 --dist loadfile --durations 15

lint: install messages ## style, types, arrows between rooms (imports, foreign keys, migrations), templates, translations, the document of the API
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/python manage.py check --fail-level WARNING
	$(BIN)/python -W "ignore:Got an error checking a consistent migration history" manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py messages --check
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file /dev/null
	$(BIN)/python -m pytest --quiet tests/test_architecture.py

bench: install messages ## measure speed and memory beside COPY, a peer and Splink, and write the tables into README.md (an hour)
	@exec $(BIN)/python -m tests.bench --write

chaos: install messages ## kill workers, Redis and PostgreSQL while a million lines are read, and prove that none is lost or doubled
	@exec $(BIN)/python -m tests.chaos $(CHAOS)

messages: install ## compile the translations
	@$(BIN)/pybabel --quiet compile --directory portal/locale --domain django

lock: install ## lock requirements*.in anew
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements.in --output-file requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 requirements-dev.in --constraint requirements.txt --output-file requirements-dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header --python-version 3.11 tests/bench/splink.in --output-file tests/bench/splink.txt

.venv/installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
		echo "Garak needs Python 3.11 with venv, and \"$(PYTHON)\" is not that. Install it (Debian and Ubuntu: apt-get install python3.11 python3.11-venv)," \
		"or name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Installing into .venv/ (once)."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	@touch $@

# A journey needs a real browser. Without one the journeys are skipped, and say so.
browser:
	@command -v chromium >/dev/null && fc-list ':lang=ko' 2>/dev/null | grep -q . || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Installing Chromium and fonts for the journeys (once)."; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null; \
		fi; } || echo "Chromium could not be installed." >&2
	@command -v chromium >/dev/null || echo "There is no chromium: the journeys will be skipped. As root: apt-get install chromium fonts-noto-cjk" >&2

.PHONY: help install run bench test chaos lint messages lock browser
