# restride: `make demo` shows it, `make test` proves it. Each prepares a fresh machine by itself.
SETUP := pyproject.toml constraints.txt scripts/setup.sh
PYTEST ?= -q -n 2

.PHONY: help demo test lint clean

help:  ## show this
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/demo.stamp  ## two synthetic cameras, from clips to identity events
	@.venv/bin/restride-lab synth walkers --out .demo/clips
	@rm -rf .demo/state  # who was seen in an earlier demo is forgotten, so that each shows the same
	@.venv/bin/restride run configs/demo.yaml --demo

test: lint  ## everything that must hold: style, types, tests (PYTEST="-q -k name" chooses)
	OMP_NUM_THREADS=1 .venv/bin/pytest $(PYTEST)

lint: .venv/test.stamp  ## style and types only
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy

clean:  ## remove all that make and the tools have made, .venv too
	rm -rf .venv .demo .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/%.stamp: $(SETUP)
	@scripts/setup.sh $*
	@touch $@
