# `make help` lists the targets. Nothing but Python 3.11 to 3.13 and make is needed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo demo-reset test check format messages lock shell clean

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := common members outreach concierge medspa

# PYTHON=/path/to/python3.12 overrides the search.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 && echo $$p && break; done)

PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile --require-hashes

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- the environment: a stamp is older than its requirements file, or nothing is done -----------------------------------
$(VENV)/.runtime.stamp: requirements.txt
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	echo "Python 3.11, 3.12 or 3.13 is needed. Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { echo "Making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv --clear $(VENV); }
	@echo "Installing requirements.txt"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.dev.stamp: $(VENV)/.runtime.stamp requirements-dev.txt requirements-spec.txt
	@echo "Installing requirements-dev.txt"
	@$(PIP) -r requirements-dev.txt
	@$(PIP) --no-deps -r requirements-spec.txt
	@touch $@

install: $(VENV)/.runtime.stamp ## Make .venv with the pinned requirements, and nothing more

# --- the two commands -----------------------------------------------------------------------------------------------------
demo: $(VENV)/.runtime.stamp ## Start the demo practice on http://localhost:$PORT; Ctrl-C stops it, the data stays
	@exec env DEMO=true PORT=$(PORT) $(BIN)/python manage.py demo

demo-reset: $(VENV)/.runtime.stamp ## Throw the demo's data away, seed anew and start
	@exec env DEMO=true PORT=$(PORT) $(BIN)/python manage.py demo --reset

# ARGS go to pytest: make test ARGS="tests/members -k credit" COVERAGE=
# PROCESSES=2 runs the files in two processes; each makes a database of its own, so it pays for the whole suite only.
COVERAGE ?= --cov --cov-report=term-missing:skip-covered
PROCESSES ?= 0
test: $(VENV)/.dev.stamp ## Run the whole test suite (SQLite unless DATABASE_URL says otherwise)
	@DEMO=true $(BIN)/python manage.py train_concierge # half a minute the first time and after its examples change
	$(BIN)/python -m pytest --numprocesses=$(PROCESSES) --dist=loadfile $(COVERAGE) $(ARGS)

# What a production environment looks like, with dummies; it overrides whatever `.env` says.
PRODUCTION = DEMO=false DEBUG=false PUBLIC_BASE_URL=https://members.example.com ALLOWED_HOSTS=members.example.com BEHIND_PROXY=true \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
	DATABASE_URL=postgres://medspa@127.0.0.1:5432/medspa CLOCK_OFFSET_FILE= \
	STRIPE_API_KEY=sk_live_dummy STRIPE_WEBHOOK_SECRETS=whsec_dummy \
	TWILIO_ACCOUNT_SID=ACdummy TWILIO_AUTH_TOKENS=dummy TWILIO_MESSAGING_SERVICE_SID=MGdummy TWILIO_FROM_NUMBER= TWILIO_API_BASE= \
	EMAIL_URL=smtp+tls://user:password@mail.example.com:587

check: $(VENV)/.dev.stamp ## Lint, types, floors, migrations, production settings, templates
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(PACKAGES:%=-p %)
	$(BIN)/lint-imports
	DEMO=true DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/djlint --lint --quiet templates

# What the portal does not say: patients' pages keep their own words (outreach/, patient_pages), demo and tests English.
UNSPOKEN = $(VENV) tests bench var staticfiles node_modules 'templates/patient/*' 'templates/demo/*' 'templates/standin/*'

format: $(VENV)/.dev.stamp ## Let ruff put imports and layout in order
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

# GNU gettext is needed here only: what it makes is committed.
messages: $(VENV)/.dev.stamp ## Gather the portal's sentences for translation into locale/ and compile them
	@command -v msgfmt >/dev/null || { echo "GNU gettext is needed: apt-get install gettext" >&2; exit 1; }
	@DEMO=true $(BIN)/python manage.py makemessages --locale es --no-wrap --no-location $(addprefix --ignore=,$(UNSPOKEN))
	@sed -i '/^"POT-Creation-Date/d' locale/es/LC_MESSAGES/django.po
	@DEMO=true $(BIN)/python manage.py compilemessages --locale es --ignore $(VENV)

lock: $(VENV)/.dev.stamp ## Resolve requirements*.in anew into pinned, hashed requirements*.txt
	$(BIN)/uv pip compile --quiet --upgrade --no-strip-extras --universal --python-version 3.11 --generate-hashes requirements.in -o requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --no-strip-extras --universal --python-version 3.11 --generate-hashes requirements-dev.in -o requirements-dev.txt

shell: $(VENV)/.runtime.stamp ## A Django shell on the demo's data
	@DEMO=true $(BIN)/python manage.py shell

clean: ## Remove the environment, caches and the demo's data
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage .coverage.* staticfiles
	find $(PACKAGES) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
