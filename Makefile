.PHONY: run record test check format install install-dev demo-models offline-sentiment evaluate faults soak dead-letters given-up screenshots help \
  bench bench-install bench-voices bench-engine bench-sentiment bench-quality bench-pipeline bench-gateway bench-company bench-together bench-sentences bench-gate bench-speakers bench-gpu bench-report
VENV := .venv/bin
PY := $(VENV)/python
CODE := contract runtime fastapi_service stt_worker analyzer_worker file_worker speaker_worker listener_service recorder_service harness demo_models tools bench tests

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

run: ## everything on this machine: open http://localhost:8000 once it says so
	@tools/install.sh run
	@exec $(PY) -m tools.run_local

record: ## the recorder against a running `make run`; options: make record ARGS="--file some.wav"
	@tools/install.sh run
	@exec $(PY) -m tools.record_local $(ARGS)

PROCESSES ?= 2
test: ## all tests, with a real Redis, real workers and a real browser, in two processes; options: make test PROCESSES=0 ARGS="-k login -s"
	@tools/install_system.sh
	@tools/install.sh dev
	@npm install --no-audit --no-fund --silent
	@npm test --silent
	@tools/run_tests.sh $(PROCESSES) $(ARGS)

check: ## style and types, Python and JavaScript; no secret in a file; known holes where that can be asked
	@tools/install.sh dev
	@npm install --no-audit --no-fund --silent
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy $(CODE)
	$(VENV)/lint-imports
	@npm run check --silent
	$(PY) -m tools.check_secrets

format: ## rewrite the Python code in the house format
	@tools/install.sh dev
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

install: ## the virtual environment for `make run`
	@tools/install.sh run

install-dev: ## the virtual environment for development
	@tools/install.sh dev

FAULTS ?= 300
faults: ## kill and cut everything at random for long; options: make faults FAULTS=1000 FAULT_SEED=7
	@tools/install_system.sh
	@tools/install.sh dev
	FAULTS=$(FAULTS) $(PY) -m pytest -s tests/faults/test_faults.py

SOAK_SEC ?= 1800
SOAK_SESSIONS ?= 20
soak: ## sessions come and go for 30 minutes and nothing may grow; options: make soak SOAK_SEC=600 SOAK_SESSIONS=10
	@tools/install_system.sh
	@tools/install.sh dev
	SOAK_SEC=$(SOAK_SEC) SOAK_SESSIONS=$(SOAK_SESSIONS) $(PY) -m pytest -s tests/faults/test_soak.py

dead-letters: ## what `make run` has given up, a line of JSON each: when, where and why, no audio and no text
	@set -a; [ ! -f .run/env ] || . ./.run/env; set +a; $(PY) -m runtime.dead_letters

given-up: dead-letters

WORK ?= $(CURDIR)/.run/demo_models
demo-models: ## train the demo models again: one to two hours on two cores, 2 GB in WORK
	@tools/install_system.sh
	@tools/install.sh dev
	mkdir -p $(WORK)
	$(PY) -m demo_models.voices --work $(WORK) --count 30000 --sentences 14000
	$(PY) -m demo_models.train_speech --work $(WORK) --minutes 95
	$(PY) -m demo_models.train_sentiment
	$(PY) -m demo_models.make_clips --check

BASE ?= $(HOME)/.cache/whispertextanalyzer/all-MiniLM-L6-v2.zip
offline-sentiment: ## train the offline sentiment model again: make offline-sentiment DATA=folder (train.tsv and dev.tsv)
	@tools/install.sh dev
	$(PY) -m demo_models.train_offline --base $(BASE) --data $(abspath $(DATA)) --out demo_models/offline_sentiment --hold-out
	$(PY) -m demo_models.evaluate_offline --base $(BASE) --data $(abspath $(DATA))

evaluate: ## measure the demo models through stt_worker's own path
	@tools/install_system.sh
	@tools/install.sh dev
	$(PY) -m demo_models.evaluate --engine stt_worker --json demo_models/evaluation_worker.json

screenshots: ## take the README's pictures again, of the real system with the demo models
	@tools/install_system.sh
	@tools/install.sh dev
	$(PY) -m tools.screenshots

BENCH := HF_HUB_OFFLINE=1 .venv-bench/bin/python -m
bench: bench-voices bench-engine bench-sentiment bench-quality bench-pipeline bench-gateway bench-company bench-together bench-sentences bench-gate bench-speakers bench-gpu bench-report ## measure everything and write docs/performance.md: 80 minutes on two quiet cores

bench-install:
	@bench/install.sh

bench-voices: bench-install ## human voices on base, by language and setting, beside openai-whisper and faster-whisper; options: make bench-voices ARGS="--clips 10"
	$(BENCH) bench.voices.measure $(ARGS)

bench-engine: bench-install ## speech recognition beside openai-whisper's own way and faster-whisper; options: make bench-engine ARGS="--sizes base"
	$(BENCH) bench.engine.measure $(ARGS)

bench-sentiment: bench-install ## the sentiment model at DistilBERT's size, beside transformers' pipeline
	$(BENCH) bench.engine.sentiment $(ARGS)

bench-quality: bench-install ## what precision and window cost in words
	$(BENCH) bench.engine.quality $(ARGS)

bench-pipeline: bench-install ## the whole system under 1 to 50 speakers
	$(BENCH) bench.pipeline.measure $(ARGS)

bench-gateway: bench-install ## the gateway alone, and the broker
	$(BENCH) bench.gateway.measure $(ARGS)

bench-sentences: bench-install ## utterances that end with sentences beside those that end at pauses; options: make bench-sentences ARGS="--prompts 20"
	$(BENCH) bench.sentences.measure $(ARGS)

bench-gate: bench-install ## the voice gate in loud rooms, with and without following the noise; a minute
	$(BENCH) bench.gate.measure $(ARGS)

bench-speakers: bench-install ## who speaks in made conversations, live and in files; LJ Speech's reader too: make bench-speakers ARGS="--reader FOLDER"
	$(BENCH) bench.speakers.measure $(ARGS)

bench-company: bench-install ## the speech worker beside other programs that use the cores
	$(BENCH) bench.engine.company $(ARGS)

bench-together: bench-install ## utterances that wait together: all at once over all cores, or dealt to the cores
	$(BENCH) bench.engine.together $(ARGS)

bench-gpu: bench-install ## the engine on a GPU, where there is one
	$(BENCH) bench.engine.gpu $(ARGS)

bench-report: bench-install ## the tables and the plot of docs/performance.md from bench/results
	$(BENCH) bench.report.write
