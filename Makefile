# Needs a C compiler, GNU make and Python 3.11 or later with venv; CMake, Ninja and everything else comes from the package index. The
# JavaScript part needs npm, which brings the runtimes that it is tested on.
#
#   make run [ARGS=--json]   the main job: a real trading day through the kernel, ending with an order that is denied
#   make model [ARGS=--json] train a model on the first part of that day, and trade on what it says in the last
#   make build               compile after an edit of csrc/ (Python edits need nothing)
#   make javascript          the package for Node, Bun and Deno, ready to use from this tree; make package packs it
#   make test                everything that CI checks
#   make bench, bench-quick  measure and write bench.json
#   make test-gpu, bench-gpu on a machine with an NVIDIA GPU
#   make docs                the documentation as a site
#   make fuzz [SECONDS=300]  every fuzzer for longer, and the property tests; needs clang with its fuzzer runtime
#   make lint, format, coverage, generate, clean
#
# Set-up output goes to standard error, so that standard output carries only what the job prints.

MAKEFLAGS += --no-print-directory
.SILENT:
.DELETE_ON_ERROR:
.PHONY: run model build javascript package generate test test-c test-python test-javascript fuzz bench bench-quick test-gpu bench-gpu docs lint \
    format coverage clean system

PYTHON = $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
    if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install --no-build-isolation
PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadgroup
C_SOURCES := $(wildcard csrc/*.c csrc/*.h csrc/*.inc csrc/platform/*)
C_FORMATTED := $(wildcard csrc/*.[ch] bindings/node/addon/a*.[ch] csrc/platform/*.[ch] tests/c/*.[ch] tests/benchmarks/*.[ch] tests/benchmarks/*/*.[ch] neural_trader/models/kernels/*)
BUILT := build/core/.stamp
CMAKE := $(BIN)/cmake
CTEST := $(BIN)/ctest --output-on-failure --parallel 2
# libFuzzer needs clang with its runtime.
FUZZER = $(shell echo 'int LLVMFuzzerTestOneInput(const char *d, long n); int LLVMFuzzerTestOneInput(const char *d, long n) { return !d && n; }' | \
    clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null && echo clang)
BROWSER = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
# Address space randomisation beyond what older thread sanitizers expect is switched off for them.
FIXED_ADDRESSES = $(shell setarch -R true 2>/dev/null && echo setarch -R)
ARGS ?=
, := ,
# Without npm everything but JavaScript is built and tested; CI fails then.
NPM_HERE := $(shell command -v npm >/dev/null && echo bindings/node/node_modules/.stamp)

run: $(BUILT)
	$(BIN)/neural-trader run examples/run.toml --final-order "BUY 500 ES" $(ARGS)

# Judged and drawn in build/model/training.html. The model is calibrated on the part between the two.
model: $(BUILT)
	mkdir -p build/model
	$(BIN)/neural-trader model train --source sample:es-2013-09 --architecture best --horizon 50 --output build/model/es.safetensors \
	  --tearsheet build/model/training.html >&2
	$(BIN)/neural-trader run examples/model.toml $(ARGS)

build: $(BUILT)

generate: .venv/.tools $(BUILT)
	$(BIN)/python csrc/bindgen.py
	$(BIN)/python bindings/node/generate_config.py
	$(BIN)/python docs/generate.py

# ---- environment ---------------------------------------------------------------------------------------------------------------

$(BIN)/python:
	test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and none is on the path" >&2; exit 1; }
	echo "environment: .venv with $$($(PYTHON) --version)" >&2
	$(PYTHON) -m venv .venv >&2

.venv/.tools: pyproject.toml | $(BIN)/python
	echo "build tools: scikit-build-core, cffi, cmake, ninja" >&2
	$(PIP) install "scikit-build-core>=1.1" "cffi>=2.0" "cmake>=3.26" ninja >&2
	touch $@

# Editable: Python comes from this tree, compiled files from the environment.
.venv/.installed: pyproject.toml CMakeLists.txt $(wildcard neural_trader/__init__.py) | .venv/.tools
	echo "install: neural-trader and what it needs" >&2
	$(INSTALL) --editable . >&2
	touch $@

$(BUILT): $(C_SOURCES) csrc/bindgen.py .venv/.installed
	echo "build: csrc" >&2
	$(CMAKE) --build build/core >&2
	$(CMAKE) --install build/core --prefix "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("platlib"))')" >/dev/null
	touch $@

.venv/.tests: .venv/.installed
	echo "test tools" >&2
	$(INSTALL) --editable ".[test,dev,docs]" >&2
	touch $@

.venv/.bench: .venv/.installed
	echo "benchmark peers" >&2
	$(INSTALL) --editable ".[bench]" >&2
	touch $@

# hftbacktest wants an older numpy than ours may be.
build/peer: Makefile | $(BIN)/python
	echo "environment of the peer in tests: hftbacktest" >&2
	$(BIN)/python -m venv --clear $@ >&2
	$@/bin/python -m pip --disable-pip-version-check --quiet install hftbacktest==2.4.4 >&2
	touch $@

.venv/.docs: .venv/.installed
	echo "documentation tools" >&2
	$(INSTALL) --editable ".[docs]" >&2
	touch $@

# ---- JavaScript ----------------------------------------------------------------------------------------------------------------

JS := bindings/node
TSC := $(JS)/node_modules/.bin/tsc
ADDON := build/core/neural_trader.node
DENO := $(JS)/node_modules/@deno/linux-x64-glibc/deno
TS_FORMATTED = --line-width 140 $(wildcard $(addprefix $(JS)/,src/*.ts src/runtime/*.ts tests/*.ts tests/*/*.ts) bindings/deno/*.ts examples/javascript/*/*.ts examples/javascript/*/*/*.ts)
PLATFORM = $(shell $(JS)/node_modules/node20/bin/node -p 'process.platform + "-" + process.arch')

javascript: $(JS)/dist/.stamp $(ADDON)

# The runtimes come as packages: none of their scripts has to run.
$(JS)/node_modules/.stamp: $(JS)/package.json $(JS)/package-lock.json
	command -v npm >/dev/null || { echo "npm is needed: install Node.js 20 or later" >&2; exit 1; }
	echo "JavaScript: runtimes and tools" >&2
	cd $(JS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	touch $@

$(ADDON): $(wildcard $(JS)/addon/*) csrc/neural_trader.h $(JS)/node_modules/.stamp $(BUILT)
	echo "build: $@" >&2
	$(CC) -std=gnu11 -O3 -fPIC -shared -DNAPI_VERSION=8 -Wall -Wextra -Wconversion -Werror -I $(JS)/node_modules/node-api-headers/include -I csrc \
	  $(JS)/addon/addon.c -o $@ -pthread -ldl

$(JS)/dist/.stamp: $(wildcard $(JS)/src/*.ts $(JS)/src/*/*.ts) $(JS)/tsconfig.json $(JS)/node_modules/.stamp
	echo "build: $(JS)/dist" >&2
	rm -rf $(JS)/dist
	$(TSC) -p $(JS)
	$(JS)/node_modules/.bin/esbuild $(JS)/dist/index.js --outfile=$(JS)/dist/neural_trader.js --bundle --platform=node --format=esm --external:koffi \
	  --minify-syntax --log-level=warning
	touch $@

$(JS)/build/.stamp: $(JS)/dist/.stamp $(wildcard $(JS)/tests/*.ts $(JS)/tests/*/*.ts) $(JS)/tests/tsconfig.json
	echo "build: $(JS)/build" >&2
	rm -rf $(JS)/build
	$(TSC) -p $(JS)/tests
	touch $@

# What the package carries for one platform: the modules as one file, which takes less memory, the types, and the library and the addon
# without symbols that only debuggers read.
PACKED := build/package
package: javascript
	rm -rf $(PACKED)
	mkdir -p $(PACKED)/native/$(PLATFORM) dist
	cp -r $(JS)/package.json $(JS)/README.md LICENSE $(JS)/dist $(PACKED)/
	cp build/core/libneural_trader.so $(ADDON) $(PACKED)/native/$(PLATFORM)/
	strip --strip-unneeded $(PACKED)/native/$(PLATFORM)/*
	cd $(PACKED) && npm pack --silent --pack-destination ../../dist

# CI checks with both compilers and libFuzzer, and opens tearsheets in a browser; another machine may do without them.
system:
	missing="$(if $(FUZZER),,clang libclang-rt-dev) $(if $(BROWSER),,chromium)"; \
	if [ "$$CI" = true ] && [ -n "$$(echo $$missing)" ]; then \
	  test "$$(id -u)" = 0 || { echo "CI needs $$missing" >&2; exit 1; }; \
	  apt-get -qq update >&2 && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >&2; \
	fi

# ---- checks --------------------------------------------------------------------------------------------------------------------

test: system .venv/.tests build/peer $(BUILT)
	$(MAKE) lint
	$(MAKE) test-c
	$(MAKE) test-python
	if [ -n "$(NPM_HERE)" ]; then $(MAKE) test-javascript; \
	elif [ "$$CI" = true ]; then echo "CI needs npm" >&2; exit 1; else echo "there is no npm: the JavaScript package is not tested" >&2; fi
	$(MAKE) coverage

lint: .venv/.tests $(NPM_HERE)
	echo "lint" >&2
	$(BIN)/python csrc/bindgen.py --check
	$(BIN)/python bindings/node/generate_config.py --check
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/clang-format --dry-run --Werror $(C_FORMATTED)
	test ! -x $(DENO) || $(DENO) fmt --check --quiet $(TS_FORMATTED)
	$(BIN)/mypy

format: .venv/.tests $(NPM_HERE)
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format --quiet .
	$(BIN)/clang-format -i $(C_FORMATTED)
	test ! -x $(DENO) || $(DENO) fmt --quiet $(TS_FORMATTED)
	$(BIN)/python csrc/bindgen.py

# Configure and build a variant: $(call variant,directory,compiler,options)
variant = echo "build: $(1) with $(2)" >&2 && \
    CC=$(2) $(CMAKE) -S . -B $(1) -G Ninja -DCMAKE_MAKE_PROGRAM="$(CURDIR)/$(BIN)/ninja" -DNT_TESTS=ON $(3) >/dev/null && $(CMAKE) --build $(1) >&2

# The fuzzers run among the tests of the address sanitizer, for a bounded time each. Tests that kill processes are not for the thread
# sanitizer, which sees one process and makes each fork slow.
test-c: .venv/.tools
	test -n "$(FUZZER)" || [ "$$CI" != true ] || { echo "CI needs clang with its fuzzer runtime" >&2; exit 1; }
	test -n "$(FUZZER)" || echo "no clang with its fuzzer runtime: the fuzzers only mutate from seeds" >&2
	$(call variant,build/asan,$(or $(FUZZER),gcc),-DNT_SANITIZE=address$(,)undefined)
	$(call variant,build/tsan,gcc,-DNT_SANITIZE=thread)
	$(CTEST) --test-dir build/asan
	$(FIXED_ADDRESSES) $(CTEST) --test-dir build/tsan --exclude-regex '_crash$$'

# What a fuzzer finds stays in build/fuzz, and is where it goes on the next time.
SECONDS ?= 300
FUZZERS := $(notdir $(basename $(wildcard tests/c/fuzz_*.c)))
fuzz: system .venv/.tests $(BUILT)
	test -n "$(FUZZER)" || { echo "fuzzing needs clang with its fuzzer runtime" >&2; exit 1; }
	$(call variant,build/asan,$(FUZZER),-DNT_SANITIZE=address$(,)undefined)
	for name in $(FUZZERS); do \
	  mkdir -p build/fuzz/$$name && build/asan/$$name -max_total_time=$(SECONDS) -max_len=1024 -len_control=0 -rss_limit_mb=2048 \
	    -artifact_prefix=build/fuzz/$$name- build/fuzz/$$name || exit 1; \
	done
	until=$$(($$(date +%s) + $(SECONDS))); \
	while $(PYTEST) --hypothesis-profile=fuzz $(wildcard tests/python/test_fuzz_*.py) || exit 1; test $$(date +%s) -lt $$until; do :; done

# What these run is built apart, compared from outside, or reached by others as well: their lines are not counted.
APART := $(addprefix tests/python/test_,packaging.py mutants.py docs.py docs_javascript.py reference.py hftbacktest.py tearsheet_browser.py)
test-python: .venv/.tests build/peer $(BUILT) $(if $(NPM_HERE),javascript bindings/node/build/.stamp)
	$(PYTEST) --cov --cov-report= $(addprefix --ignore=,$(APART))
	$(PYTEST) $(APART)
	$(BIN)/coverage report --fail-under=95

# Every runtime with every adapter that it has; bindings/node/tests/matrix.json says what has to run.
test-javascript: .venv/.tests javascript $(JS)/build/.stamp
	$(BIN)/python $(JS)/tests/matrix.py
	cd bindings/deno && ../../$(DENO) test --quiet --allow-ffi --allow-read --allow-env

# Of C, what the C tests reach.
coverage: .venv/.tools
	$(call variant,build/coverage,gcc,-DNT_COVERAGE=ON)
	find build/coverage -name '*.gcda' -delete
	$(CTEST) --test-dir build/coverage
	$(BIN)/gcovr --root . --filter csrc/ --object-directory build/coverage --merge-mode-functions=separate --fail-under-line 95 build/coverage

# ---- measurements --------------------------------------------------------------------------------------------------------------

bench: .venv/.bench $(BUILT) $(if $(NPM_HERE),javascript)
	$(BIN)/python tests/benchmarks/run.py --json bench.json

bench-quick: .venv/.bench $(BUILT) $(if $(NPM_HERE),javascript)
	$(BIN)/python tests/benchmarks/run.py --json bench.json --quick

# On a machine with an NVIDIA GPU.
.venv/.gpu: .venv/.tests
	echo "CuPy" >&2
	$(INSTALL) --editable ".[gpu]" >&2
	touch $@

test-gpu: .venv/.gpu $(BUILT)
	$(BIN)/python -m pytest -m gpu tests/python/test_gpu_device.py

bench-gpu: .venv/.gpu $(BUILT)
	$(BIN)/python tests/benchmarks/gpu.py --json bench-gpu.json

# ---- documentation -------------------------------------------------------------------------------------------------------------

docs: .venv/.docs $(BUILT)
	$(BIN)/python docs/generate.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	echo "documentation: build/docs/index.html" >&2

clean:
	rm -rf .venv build dist $(addprefix $(JS)/,node_modules dist build)
