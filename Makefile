# Everything a developer runs. `make help` lists it.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
BIN := .venv/bin
# Node 20 works; jsii would print a banner about its end of life at every start.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export PYTHONPATH := lambdas:.
# pytest and Python keep what they compiled beside the sources: without that, each run compiles anew.
unexport PYTHONDONTWRITEBYTECODE
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Prints the path of a Python 3.13: one that the machine has, else one that uv downloads.
PYTHON_313 := $(BIN)/python -m infra.packaging.interpreter

.PHONY: help
help: ## Show this list
	@sed -n 's/^__version__ = "\(.*\)"/certrotation \1/p' lambdas/certrotation/__init__.py
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.venv/.installed: requirements/dev.txt requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else "certrotation needs Python 3.11 to 3.13, this is " + sys.version.split()[0] + "; name another with: make PYTHON=python3.13")'
	@echo "Creating .venv from the lock, with $$($(PYTHON) --version): about $$(grep -c '^[a-z]' requirements/dev.txt) packages. The first time takes minutes."
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/uv.txt
	$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements/dev.txt
	@touch $@

# `npx cdk` runs app.py with this Python and without PYTHONPATH. The path in the file is relative to
# the file's folder, which is .venv/lib/python3.x/site-packages.
.venv/.on-path: .venv/.installed
	@echo ../../../../lambdas > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/certrotation.pth"
	@touch $@

# The console script of pyproject.toml, without the build of a wheel.
.venv/bin/certrotation: .venv/.on-path
	@printf '%s\n' '#!$(CURDIR)/.venv/bin/python' 'from certrotation.cli.main import main' 'main()' > $@
	@chmod +x $@

.PHONY: setup
setup: .venv/.installed .venv/.on-path .venv/bin/certrotation ## Create .venv from the lock, with the command certrotation

# Lambda's runtime as far as it can be had: its Python and its runtime client.
.venv-packaged/.installed: requirements/packaged.txt | .venv/.installed
	rm -rf .venv-packaged
	python="$$($(PYTHON_313))"; $(BIN)/uv venv --quiet --no-project --no-python-downloads --python "$$python" .venv-packaged
	$(BIN)/uv pip sync --quiet --python .venv-packaged/bin/python --require-hashes --only-binary :all: --compile-bytecode requirements/packaged.txt
	touch $@

.PHONY: demo
demo: setup ## Tell the service's story on an embedded AWS; with ACME=1, a real ACME server issues
	@$(BIN)/python -m tests.demo

.PHONY: architecture
architecture: setup ## Draw docs/architecture.svg from docs/architecture.toml
	@$(BIN)/python -m tests.architecture

.PHONY: test
test: check node_modules/.installed .venv-acme/.installed pebble caddy ## Everything that must hold: check, what ships, a deployment, then all tests
	@missing=; \
	if [ "$$(uname -s)" != Linux ]; then missing="this machine does not run Linux"; \
	elif ! $(PYTHON_313) > /dev/null; then missing="Python 3.13 was not found and could not be downloaded"; \
	else $(MAKE) --no-print-directory packaged e2e; fi; \
	result=0; $(BIN)/python -m pytest -n auto --dist worksteal -m "not infra and not slow" --cov --cov-report=term || result=$$?; \
	$(BIN)/python -m pytest -n auto --dist worksteal -m "infra or slow" || result=$$?; \
	if [ -n "$$missing" ]; then echo "Left out: make packaged, make e2e and tests of the Lambda asset, because $$missing."; fi; \
	exit $$result

.PHONY: quick
quick: check ## What to run at every change: check, then the tests that take milliseconds
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not infra and not slow"

.PHONY: check
check: setup ## Format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell app.py infra lambdas tests docs .github Makefile pyproject.toml *.md

.PHONY: hooks
hooks: setup ## Check each commit before it is made (pre-commit, with the tools in .venv)
	$(BIN)/pre-commit install

.PHONY: format
format: setup ## Let the formatter and the linter fix what they can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench
bench: setup .venv-packaged/.installed ## Calls, seconds and import times, as a table
	@$(BIN)/python -m tests.bench

.PHONY: packaged
packaged: setup .venv-packaged/.installed ## Run the bundled asset under Lambda's runtime client (Linux only)
	@$(BIN)/python -m tests.packaged

.PHONY: mutants
mutants: setup ## Change the core line by line and see that the tests notice (minutes; MODULES="material.pem ..." for a part)
	@$(BIN)/python -m tests.mutation $(MODULES)

.PHONY: crash
crash: setup ## Kill the functions at every AWS call and check that the next run recovers (minutes)
	@$(BIN)/python -m tests.hostile.crash

.PHONY: weather
weather: setup ## Let AWS throttle, fail, lag and deny, and see that nothing is lost (minutes)
	@$(BIN)/python -m tests.hostile.fault_injection

.PHONY: members
members: setup ## Leave out or change each member of AWS's answers, and see that nothing breaks (minutes)
	@$(BIN)/python -m tests.hostile.members

.PHONY: concurrency
concurrency: setup ## Let others act during a rotation (many minutes)
	@$(BIN)/python -m tests.hostile.concurrency

.PHONY: corpus
corpus: setup ## Judge every bad or awkward secret of the table (a minute)
	@$(BIN)/python -m tests.hostile.corpus

CHAINS ?= 5000
.PHONY: paths
paths: setup ## Compare the search for a chain with OpenSSL's over CHAINS generated ones (minutes)
	@CERTROTATION_CHAINS=$(CHAINS) $(BIN)/python -m pytest -q -n auto tests/hostile/test_against_openssl.py

FUZZ_SECONDS ?= 60
.PHONY: bombs
bombs: setup ## Read each value that would be costly, and print its seconds and megabytes
	@$(BIN)/python -m tests.hostile.bombs

.PHONY: fuzz
fuzz: setup ## Fuzz the reading of secrets for FUZZ_SECONDS (Linux only)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --only-binary :all: -r requirements/fuzz.txt
	@$(BIN)/python -m tests.hostile.fuzz $(FUZZ_SECONDS)

.PHONY: scale
scale: setup ## 2,500 certificates in each Region, against ACM's quotas, in virtual time (minutes)
	@$(BIN)/python -m tests.hostile.scale

.PHONY: year
year: setup ## Play a year of faults, and see that each raises its alarm and nothing else does (minutes)
	@$(BIN)/python -m tests.oncall.year

# ministack and, in its interpreter, the functions: that must be the Python that Lambda has.
.venv-e2e/.installed: requirements/e2e.txt | .venv/.installed
	rm -rf .venv-e2e
	python="$$($(PYTHON_313))"; $(BIN)/uv venv --quiet --no-project --no-python-downloads --python "$$python" .venv-e2e
	$(BIN)/uv pip sync --quiet --python .venv-e2e/bin/python --require-hashes --only-binary :all: --compile-bytecode requirements/e2e.txt
	touch $@

# certbot and an ACME server, for the tests of the hooks.
.PHONY: pebble
pebble: ## Get Pebble, the ACME server that the issuance is tested against (Debian; installs nothing)
	@tests/acme/fetch.sh pebble || echo "Tests against Pebble will be left out." >&2

.PHONY: caddy
caddy: ## Get Caddy, whose ACME server is that of step-ca, for one more test (Debian; installs nothing)
	@tests/acme/fetch.sh caddy || echo "Tests against step-ca's ACME server will be left out." >&2

.venv-acme/.installed: requirements/acme.txt | .venv/.installed
	rm -rf .venv-acme
	$(BIN)/uv venv --quiet --no-project --python $(BIN)/python .venv-acme
	$(BIN)/uv pip sync --quiet --python .venv-acme/bin/python --require-hashes --only-binary :all: --compile-bytecode requirements/acme.txt
	touch $@

# jsii, the CDK's library, and the CDK's command line run on Node.
.PHONY: node
node:
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2> /dev/null \
	|| { echo "certrotation needs Node 20 or later with npm; node is $$(node --version 2> /dev/null || echo not on PATH)." >&2; exit 1; }

.PHONY: lambda-python
lambda-python: setup ## Find or download the Python 3.13 that compiles the Lambda asset
	@$(PYTHON_313)

node_modules/.installed: package-lock.json | node
	npm ci --silent --no-audit --no-fund
	touch $@

.PHONY: e2e
e2e: setup .venv-e2e/.installed node_modules/.installed ## Deploy to an AWS played on this machine, and use it (Linux only)
	@$(BIN)/python -m tests.e2e

.PHONY: least
least: setup .venv-e2e/.installed node_modules/.installed ## Take each statement from the roles and see the deployment fail (many minutes)
	@$(BIN)/python -m tests.e2e.each_statement

.PHONY: synth
synth: setup node ## Synthesize the stack into cdk.out
	@CDK_OUTDIR=cdk.out $(BIN)/python app.py
	@$(BIN)/python -m infra.assembly cdk.out

.PHONY: stackset
stackset: setup node ## Write the template and the code that a StackSet deploys into build/stackset
	@rm -rf build/stackset.out
	@CDK_OUTDIR=build/stackset.out $(BIN)/python app.py --portable
	@$(BIN)/python -m infra.stackset build/stackset.out build/stackset

MODE ?= report
STACK ?= certrotation
.PHONY: mode
mode: setup ## Switch an installed STACK to MODE=report or MODE=apply, without a deployment
	@$(BIN)/python -m certrotation.cli mode $(MODE) --stack $(STACK) --yes

.PHONY: lock
lock: setup ## Resolve the dependencies again and pin them by hash
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" --extra cli --group dev pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --constraints requirements/dev.txt --custom-compile-command "make lock" pyproject.toml -o lambdas/requirements.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" --group fuzz -o requirements/fuzz.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.13 --generate-hashes --custom-compile-command "make lock" requirements/e2e.in -o requirements/e2e.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" requirements/acme.in -o requirements/acme.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.13 --generate-hashes --constraints requirements/dev.txt --custom-compile-command "make lock" requirements/packaged.in -o requirements/packaged.txt
	grep '^uv==' requirements/dev.txt | cut -d' ' -f1 | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" - -o requirements/uv.txt

.PHONY: clean
clean: ## Remove what these commands made
	rm -rf .venv .venv-packaged .venv-e2e .venv-acme .pebble node_modules cdk.out build .mypy_cache .ruff_cache .pytest_cache .coverage .fuzz
