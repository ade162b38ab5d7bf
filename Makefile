# The verbs of this repository; each needs nothing but Python 3.11 or newer (real and bench: a C++ compiler too).

PYTHON ?= python3
FUZZ_SECONDS ?= 3600
SOAK_DRAWS ?= 10000
MUTANT_SECONDS ?= inf
LOCK = -q --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make lock'

.PHONY: help test thorough lint format package lock mutants real bench drift docs pictures release man clean

help:  ## what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	.venv/bin/pip install -q -e '.[dev]'
	@touch $@

test: .venv/installed  ## the tests that need no llama.cpp
	.venv/bin/pytest -n auto

thorough: .venv/installed  ## every property a thousand times and anew, an hour of strange input, ten thousand plans
	MOEFIT_TESTS=thorough .venv/bin/pytest -n auto $(TESTS)
	.venv/bin/python -m benchmarks.fuzz --seconds $(FUZZ_SECONDS)
	.venv/bin/python -m benchmarks.soak --draws $(SOAK_DRAWS)

package: .venv/installed  ## what the wheel and the source archive hold, and an install without a network
	.venv/bin/python scripts/check_package.py

lock: .venv/installed  ## the dependencies of development with their hashes, and the oldest that moefit takes
	.venv/bin/pip install -q uv
	.venv/bin/uv pip compile pyproject.toml --extra dev $(LOCK) -o requirements/lock.txt
	.venv/bin/uv pip compile pyproject.toml --resolution lowest-direct $(LOCK) -o requirements/oldest.txt

lint: .venv/installed  ## ruff and mypy
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: .venv/installed  ## rewrite the code as ruff wants it
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

real: .venv/installed  ## build llama.cpp's two references once (12 minutes each on 2 cores), then run against them
	scripts/build_llama.sh 11434 && scripts/build_llama.sh 11549
	MOEFIT_LLAMA=$$(scripts/build_llama.sh 11434) .venv/bin/pytest -m llama
	MOEFIT_LLAMA=$$(scripts/build_llama.sh 11549) .venv/bin/pytest -m llama

docs: .venv/installed  ## the documentation as a site, checked strictly
	.venv/bin/pip install -q -e '.[docs]'
	.venv/bin/mkdocs build --strict --site-dir site

pictures: .venv/installed  ## the pictures of README and docs, from real output
	.venv/bin/python scripts/pictures.py docs/pictures

man: .venv/installed  ## the manual page, from the text of --help
	COLUMNS=100 .venv/bin/python scripts/man.py man/moefit.1

release: .venv/installed  ## build, check and tag the version that stands in moefit/__init__.py
	.venv/bin/pip install -q build twine
	scripts/release.sh

bench: .venv/installed  ## start-up time beside llama-fit-params
	scripts/build_llama.sh
	.venv/bin/python -m benchmarks.startup

mutants: .venv/installed  ## changes that a test of placement, memory or formats should notice (Python 3.12 or newer)
	.venv/bin/pip install -q cosmic-ray
	.venv/bin/python -m benchmarks.mutants --survivors --seconds $(MUTANT_SECONDS)

drift: .venv/installed  ## hold the rules to the newest llama.cpp there is, and write docs/llama-cpp-builds.md
	.venv/bin/python scripts/drift.py

clean:  ## everything that was made here
	rm -rf .venv .venv-oldest .mutants .mypy_cache .pytest_cache .ruff_cache .hypothesis dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
