# Everything a fresh machine needs beside Python >= 3.11, make and git is fetched here, pinned by requirements.lock.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2
UV     := uv==0.13.9
STAMP  := $(VENV)/.installed
# Where the environment forbids to keep bytecode, each process that is started compiles what it imports (pandas: 2.4 s, not 0.9).
export PYTHONDONTWRITEBYTECODE :=
FOREIGN := $(basename $(notdir $(wildcard tests/foreign/requirements-*.txt)))
FOREIGN_ENVS := $(patsubst requirements-%,.envs/%/.installed,$(FOREIGN))

.PHONY: help demo test lint format test-foreign foreign-servers bench bench-locating bench-finance lock clean
help:            ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(STAMP)   ## Run the whole hub on a sample building, through Airflow (IFC=your.ifc, KEEP=1 to leave it running)
	@$(BIN)/warranty-hub demo $(if $(IFC),--ifc "$(IFC)") $(if $(KEEP),--keep)

test: $(STAMP)   ## Run the whole suite (ARGS=path for a part of it, ARGS="path -n0 --pdb" with a debugger)
	@$(BIN)/python -m pytest -m "not foreign" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(STAMP)   ## Style, strict types, import contract
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports

format: $(STAMP) ## Put the code into shape
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

test-foreign: $(STAMP) $(FOREIGN_ENVS) foreign-servers ## Try the hub against software we did not write
	@$(BIN)/python -m pytest -m foreign -rs $(ARGS)

# What only a system's packages bring; where they cannot be installed, the tests that need them are skipped by name.
foreign-servers:
	@test -x /usr/sbin/mariadbd || test "$$(id -u)" != 0 || ! command -v apt-get > /dev/null || { \
		echo "Installing MariaDB's server …"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -qq -y --no-install-recommends mariadb-server-core mariadb-client-core > /dev/null; }

bench: $(STAMP) .envs/dlt/.installed ## Load 200,000 tickets beside dlt and a bare COPY; read 100,000 over HTTP beside dlt
	@$(BIN)/python -m benchmarks.load
	@$(BIN)/python -m benchmarks.rest

bench-locating: $(STAMP) .envs/jieba/.installed ## Read generated and handwritten tickets, and 100,000 texts beside jieba
	@$(BIN)/python -m benchmarks.locating

bench-finance: $(STAMP) .envs/duckdb/.installed ## Sum 3 million allocated cost lines beside DuckDB and pandas; a day with 0.1 % new ones
	@$(BIN)/python -m benchmarks.finance

bench-bim: $(STAMP) .envs/ifcpatch/.installed ## Index models (MODELS="a.ifc …") beside ifcpatch and ifcopenshell.open
	@$(BIN)/python -m benchmarks.bim $(MODELS)
	@$(BIN)/python -m benchmarks.bim $(MODELS) --rooms

lock: $(STAMP)   ## Resolve requirements.lock anew
	@$(BIN)/uv pip compile -q --universal --python-version 3.11 --extra embedded --extra mysql --extra s3 --extra sftp --group dev pyproject.toml \
		--no-annotate --no-header --upgrade -o requirements.lock

clean:           ## Remove what make created
	rm -rf $(VENV) .envs .hub .mypy_cache .ruff_cache .pytest_cache .hypothesis

# uv installs in seconds; where it cannot reach the registry that pip is set up for, pip does it.
$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	@test -x $(BIN)/python || { echo "Creating $(VENV) …"; $(PYTHON) -m venv $(VENV); }
	@echo "Installing pinned requirements …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check $(UV)
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install -q -r requirements.lock \
		|| $(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install -q --no-deps --editable . \
		|| $(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --editable .
	@touch $@

# Where a counterpart is of npm's, its Node comes by pip and its packages by a lock file.
.SECONDEXPANSION:
.envs/%/.installed: tests/foreign/requirements-%.txt $$(wildcard tests/foreign/npm-$$*/*.json) | $(STAMP)
	@echo "Installing the counterpart environment $* …"
	@test -x .envs/$*/bin/python || $(PYTHON) -m venv .envs/$*
	@VIRTUAL_ENV=$(abspath .envs/$*) $(BIN)/uv pip install -q -r $< || .envs/$*/bin/pip install -q -r $<
	@test ! -d tests/foreign/npm-$* || { cp tests/foreign/npm-$*/*.json .envs/$* && cd .envs/$* && \
		PATH="$(abspath .envs/$*/bin):$$PATH" npm ci --silent --no-audit --no-fund; }
	@touch $@
