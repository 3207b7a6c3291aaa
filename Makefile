# The deep vision workbook. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.PHONY: help setup lab test test-colab notebook colab bench bands results map lint lock clean

BIN := .venv/bin
NB ?= notebooks/1_foundations/1_1_first_classifier.ipynb
PROFILE ?= laptop
NOTEBOOKS := notebooks/*.ipynb notebooks/*/*.ipynb
# Tests take nothing from the developer's environment, and a closed port stands for the network.
CLEAN_ENV := env -u COURSE_DATA -u COURSE_SEED -u COURSE_BROKEN -u COURSE_RECORD -u COURSE_PRECISION -u COURSE_PROFILE -u KERAS_BACKEND
OFFLINE := http_proxy=http://127.0.0.1:9 https_proxy=http://127.0.0.1:9 no_proxy=localhost,127.0.0.1

PROVE := $(if $(FRESH),--fresh) $(if $(SHARD),--shard $(SHARD))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# uv installs the lock in a sixth of pip's processor time (20 s against 123 s); pip knows more ways to a package index.
setup: ## make .venv and install requirements.txt; skipped while requirements.txt has not changed
	@cmp -s requirements.txt .venv/installed.txt || { \
	  python=$$(sh .ci/find_python 3.11 3.12 3.13) || exit 1; \
	  echo "set-up: installing into .venv with $$($$python --version), once; this takes a few minutes" && \
	  $$python -m venv .venv && \
	  { $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv<1" && \
	    $(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.txt || \
	    { echo "set-up: uv could not do it, trying pip"; $(BIN)/python -m pip install --quiet -r requirements.txt; }; } && \
	  cp requirements.txt .venv/installed.txt; }

lab: setup ## open JupyterLab on the start page
	$(BIN)/jupyter lab notebooks/0_start_here.ipynb

test: setup lint ## lint, unit tests, notebook structure, every notebook in ci; what is proven and unchanged is not run again [FRESH=1] [SHARD=2/4]
	$(CLEAN_ENV) $(BIN)/python tests/prove.py units $(PROVE)
	$(CLEAN_ENV) COURSE_PROFILE=ci $(OFFLINE) $(BIN)/python tests/prove.py notebooks $(PROVE)

test-colab: setup colab ## run every Colab copy alone on the versions Colab carries (Python 3.13)
	$(CLEAN_ENV) $(BIN)/python tests/notebooks/run_colab.py

notebook: setup ## run one notebook headlessly: make notebook NB=notebooks/... PROFILE=laptop [RECORD=1]
	@$(BIN)/python tests/notebooks/run.py "$(NB)" --profile $(PROFILE) $(if $(RECORD),--record benchmarks/results.jsonl)

colab: setup ## write colab/*.ipynb from notebooks/ and helpers/
	$(BIN)/python colab/build.py

bench: setup ## measure training and input pipelines, as ratios; writes benchmarks/*.md
	@mkdir -p build
	$(BIN)/python benchmarks/training_speed.py | tee build/training_speed.md && mv build/training_speed.md benchmarks/
	$(BIN)/python benchmarks/input_pipeline.py | tee build/input_pipeline.md && mv build/input_pipeline.md benchmarks/
	$(BIN)/python benchmarks/architectures.py | tee build/architectures.md && mv build/architectures.md benchmarks/

bands: setup ## measure the band of a notebook with five seeds: make bands NB=... PROFILE=ci [BROKEN="shuffled labels"]
	$(BIN)/python benchmarks/bands.py $(NB) --profile $(PROFILE) $(if $(BROKEN),--broken "$(BROKEN)")

results: setup ## render the recorded runs and the five seeds as benchmarks/results.md
	$(BIN)/python benchmarks/results.py

map: setup ## draw which room of helpers imports which, for the README
	$(BIN)/python benchmarks/room_map.py

lint: setup ## check the style of .py and .ipynb files
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

lock: ## compile pyproject.toml into requirements.txt (needs uv: pip install uv)
	sh .ci/lock

clean: ## remove environments, builds and caches; data/cache stays
	rm -rf .venv .venv-colab .venv-colab-tpu build *.egg-info .pytest_cache .ruff_cache
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
