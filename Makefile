.PHONY: run record test check format install install-dev demo-models help
VENV := .venv/bin
PY := $(VENV)/python
CODE := contract fastapi_service stt_worker analyzer_worker listener_service recorder_service demo_models tools tests

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

run: ## everything on this machine: open http://localhost:8000 once it says so
	@tools/install.sh run
	@exec $(PY) tools/run_local.py

record: ## the recorder against a running `make run`; options: make record ARGS="--file some.wav"
	@tools/install.sh run
	@exec $(PY) tools/record_local.py $(ARGS)

test: ## all tests, with a real Redis, real workers and a real browser
	@tools/install_system.sh
	@tools/install.sh dev
	@npm install --no-audit --no-fund --silent
	@npm test --silent
	$(PY) -m pytest $(ARGS)

check: ## style and types, Python and JavaScript
	@tools/install.sh dev
	@npm install --no-audit --no-fund --silent
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy $(CODE)
	@npm run check --silent

format: ## rewrite the Python code in the house format
	@tools/install.sh dev
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

install: ## the virtual environment for `make run`
	@tools/install.sh run

install-dev: ## the virtual environment for development
	@tools/install.sh dev
