# Encore on one machine. Needs Python >= 3.11, Node >= 20.20, make and openssl; no root, no Docker.
#
#   make demo    the whole product with a shop of believable members; Ctrl-C ends it
#   make test    every test, browser tests included
#   make check   lint, types, import contracts
#   make bundle  the till's extension, built into pos_extension/ui/dist
#   make prove   the long proofs: hammers, kill -9, large shops
#   make bench   the benchmarks, written to docs/benchmarks.md
#   make lock    requirements*.in -> requirements*.txt, with hashes

NEW_ENOUGH = import sys; sys.version_info >= (3, 11) and print(sys.executable)
ifndef PYTHON
PYTHON := $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	found=$$($$name -c '$(NEW_ENOUGH)' 2> /dev/null); \
	if [ -n "$$found" ]; then echo "$$found"; break; fi; done)
endif
VENV := .venv
BIN := $(VENV)/bin
UV := .state/lock/bin/uv
# Each is a run of its own, on a database of its own: they may go side by side.
FAULTS := tests/proofs/test_planted_faults.py
TILL := pos_extension/ui
NODE_IS_NEW = const [a, b] = process.versions.node.split("."); process.exit(a * 100 + +b < 2020 ? 1 : 0)

# A change of these files, or of Python, makes a stamp with another name, and so a new install.
stamp = $(VENV)/$(1)-$(shell { "$(PYTHON)" -VV; cat $(2); } 2> /dev/null | cksum | tr ' ' '-')
RUN_STAMP := $(call stamp,run,requirements.txt)
DEV_STAMP := $(call stamp,dev,requirements-dev.txt)

# The till's extension likewise: its packages by lock and Node, its bundle by all that goes in.
sum = $(shell { node --version; cat $(1); } 2> /dev/null | cksum | tr ' ' '-')
TILL_LOCK := $(addprefix $(TILL)/,package.json package-lock.json)
TILL_SOURCES := $(addprefix $(TILL)/,build.mjs shopify.extension.toml) \
	$(sort $(wildcard $(TILL)/locales/*.json $(TILL)/src/*.ts* $(TILL)/src/*/*.ts*))
NPM_STAMP := $(TILL)/node_modules/installed-$(call sum,$(TILL_LOCK))
BUNDLE_STAMP := $(TILL)/dist/built-$(call sum,$(TILL_LOCK) $(TILL_SOURCES))

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore
# A home that cannot be written is no obstacle: nothing of ours is kept there.
export npm_config_cache = $(CURDIR)/.state/npm

.PHONY: demo test check prove bench bundle lock browser tools
.DEFAULT_GOAL = demo

demo: $(RUN_STAMP) bundle
	@$(BIN)/python app.py demo

test: $(DEV_STAMP) bundle browser
	cd $(TILL) && npm test
	$(BIN)/python -m pytest -n logical --maxprocesses 4

prove: $(DEV_STAMP) bundle
	$(BIN)/python -m pytest -m proof --ignore=$(FAULTS)
	$(BIN)/python -m pytest -m proof -n logical --maxprocesses 4 $(FAULTS)

check: $(DEV_STAMP) $(NPM_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(TILL) && npm run check

bench: $(DEV_STAMP) bundle
	$(BIN)/python -m bench

bundle: $(BUNDLE_STAMP)

lock: $(UV)
	$(UV) $(COMPILE) requirements.in -o requirements.txt
	$(UV) $(COMPILE) -c requirements.txt requirements-dev.in -o requirements-dev.txt

COMPILE = pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

$(UV):
	$(PYTHON) -m venv .state/lock
	.state/lock/bin/pip install --quiet 'uv>=0.13,<0.14'

# requirements-dev.txt holds everything that requirements.txt holds.
$(DEV_STAMP): | tools
	@$(call install,requirements-dev.txt)
	@touch $(RUN_STAMP) $@

$(RUN_STAMP): | tools
	@$(call install,requirements.txt)
	@touch $@

install = set -e; echo "Installing $(1) into $(VENV)"; \
	made_by=$$("$(PYTHON)" -VV); \
	if [ "$$made_by" != "$$(cat $(VENV)/made-by 2> /dev/null)" ]; then \
		rm -rf $(VENV); "$(PYTHON)" -m venv $(VENV); echo "$$made_by" > $(VENV)/made-by; \
	fi; \
	$(BIN)/python -m pip install --quiet --require-hashes -r $(1)

$(NPM_STAMP): | tools
	@echo "Installing $(TILL)/package-lock.json"
	@cd $(TILL) && npm ci --loglevel=error
	@touch $@

$(BUNDLE_STAMP): $(NPM_STAMP)
	@cd $(TILL) && npm run --silent build
	@touch $@

tools:
	@test -n "$(PYTHON)" || { echo "Encore needs Python 3.11 or newer."; exit 1; }
	@for tool in openssl node npm; do \
		command -v $$tool > /dev/null || { echo "Encore needs $$tool."; exit 1; }; \
	done
	@node --eval '$(NODE_IS_NEW)' || { echo "Encore needs Node 20.20 or newer."; exit 1; }

# Tests in a browser drive Debian's Chromium. Without one they are left out, and pytest says so;
# in CI that is a failure.
browser:
	@if command -v chromium > /dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing Chromium"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } \
			> /dev/null || echo "Chromium could not be installed"; \
	fi
