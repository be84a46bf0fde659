# make lab: everything that is needed, then JupyterLab on the first lesson.
# make test: everything that is needed, then every check. A second run of either repeats no set-up.
# make quick: the checks that take seconds, before each commit.
PYTHON ?= python3
LAB ?=
TESTS ?=
FOLDER ?= build/student
FORK ?=
THEME ?= Light

BIN := .venv/bin
# One stamp for each step of the set-up; it is made again when what it stands on has changed.
DONE := .venv/done
PIP := $(BIN)/python -m pip --disable-pip-version-check
INSTALL := $(PIP) install -qq -c constraints.txt
TORCH = $(shell grep '^torch==' constraints.txt)
TORCH_CPU := https://download.pytorch.org/whl/cpu
LESSON := notebooks/00_see_it_work.ipynb
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab present test check quick slow lint lock student notebooks html colab-test clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@echo 'make lab    set up what is missing, then open the first lesson in JupyterLab'
	@echo 'make present LESSON=notebooks/NN_x.ipynb  a lesson as slides (THEME=Dark)'
	@echo 'make test   set up what is missing, then run every check (TESTS="-k name" runs a part)'
	@echo 'make check  the same'
	@echo 'make quick  what to run before each commit: lint, house, documents, laws (3 minutes)'
	@echo 'make slow   every lesson as on a slow laptop: hours (TESTS=tests/test_lesson_03.py: a part)'
	@echo 'make lint   ruff and the import contracts alone'
	@echo 'make lock   pin the newest packages in constraints.txt'
	@echo 'make student FOLDER=...  a copy for the students, without the solutions'
	@echo 'make notebooks FORK=owner/name  write set-up, badges and slides into every lesson'
	@echo 'make html   the course as pages without a kernel or a network, and as a PDF, in build/html'
	@echo 'make colab-test  widgets and lessons with the versions that Colab has'
	@echo 'make clean  remove the environment and everything built'
	@echo 'Options: PYTHON=/path/to/python3.12   LAB="--no-browser --port=9000"'

lab: $(DONE)/data
	$(BIN)/jupyter lab $(AS_ROOT) --LabApp.default_url=/lab/tree/$(LESSON) $(LAB)

# Slides: space for the next step, Shift+Enter runs it; large type; the settings are their own.
SLIDES := build/slides
present: $(DONE)/data $(DONE)/dev $(SLIDES)
	JUPYTERLAB_SETTINGS_DIR=$(SLIDES) $(BIN)/jupyter lab $(AS_ROOT) \
	    --LabApp.default_url='/lab/tree/$(LESSON)?reset' $(LAB)

.PHONY: $(SLIDES)
$(SLIDES):
	@mkdir -p $@/@jupyterlab/apputils-extension $@/jupyterlab-slideshow
	@echo '{"active": true}' >$@/jupyterlab-slideshow/plugin.jupyterlab-settings
	@echo '{"theme": "JupyterLab $(THEME)", "overrides": {"code-font-size": "18px",' \
	    '"content-font-size1": "24px", "ui-font-size1": "14px"}}' \
	    >$@/@jupyterlab/apputils-extension/themes.jupyterlab-settings

# Two at a time with a thread each: most tests are too small for a second thread to help.
# tests/durations.py orders the files, and writes at the end where the time went.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
test check: lint $(DONE)/data $(DONE)/browser
	LINT_SECONDS=$$(cat build/lint_seconds) $(PYTEST) --durations=25 $(TESTS)

lint: $(DONE)/dev
	@mkdir -p build && date +%s >build/lint_began
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	@echo $$(($$(date +%s) - $$(cat build/lint_began))) >build/lint_seconds
	@echo "lint: $$(cat build/lint_seconds) s"

QUICK := tests/test_house.py tests/test_loss.py tests/test_tokenizer.py tests/test_heads.py \
    tests/test_transformer.py tests/test_rnn.py tests/test_ngram.py tests/test_migrate.py \
    tests/test_migrate_function.py tests/test_migrate_report.py
quick: lint $(DONE)/data
	$(BIN)/python tests/lessons.py --check
	$(BIN)/python -m kit.results --check
	PYTHONPATH=. $(BIN)/python tests/formats.py --check
	$(BIN)/python tests/faults.py --check
	LINT_SECONDS=$$(cat build/lint_seconds) $(PYTEST) -q $(QUICK)
	@echo "quick: $$(($$(date +%s) - $$(cat build/lint_began))) s"

# tests/slow.py: processor and network throttled, both cores busy.
slow: $(DONE)/data $(DONE)/browser
	KIT_SLOW=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -s -n 0 \
	    $(or $(TESTS),tests/test_lesson_*.py tests/blank_figures.py tests/pseudo_lessons.py)

lock: $(DONE)/venv
	@mkdir -p build
	@# For the first 3.11 of all: some packages want a later one, and Debian 12 has 3.11.2.
	$(PIP) install -qq --dry-run --ignore-installed --report build/report.json \
	    --python-version 3.11.0 --only-binary :all: --target build/none \
	    '.[huggingface,prompt,keras,dev]' $(TORCH)
	@$(BIN)/python -c 'import json; \
	found = [p["metadata"] for p in json.load(open("build/report.json"))["install"]]; \
	pins = {p["name"].lower().replace("_", "-"): p["version"].split("+")[0] for p in found}; \
	del pins["lm-transfer-kit"]; \
	print("# What the tests ran with. Made by: make lock"); \
	print(*(f"{name}=={pins[name]}" for name in sorted(pins)), sep="\n")' > build/constraints.txt
	@mv build/constraints.txt constraints.txt
	@echo 'constraints.txt is new: now run make test'

student:
	@mkdir -p '$(FOLDER)'
	@git archive HEAD -- . ':!tests' ':!.ci' | tar -x -C '$(FOLDER)'
	@echo '$(FOLDER) holds the course without solutions'

notebooks: $(DONE)/dev
	@$(BIN)/python tests/lessons.py $(FORK)
	@cp environment.yml binder/

html: $(DONE)/data $(DONE)/browser
	@$(BIN)/python tests/course_pages.py build/html

# Colab's versions over those of .venv, which are seen through a .pth file: no second torch.
COLAB := build/colab/bin/python
SITE = import sysconfig; print(sysconfig.get_path("purelib"))
colab-test: $(DONE)/data $(DONE)/dev
	@$(BIN)/python -m venv --without-pip build/colab
	@site=$$($(COLAB) -c '$(SITE)') && $(BIN)/python -c '$(SITE)' >$$site/venv.pth && \
	$(PIP) install -q --no-deps --upgrade --target $$site \
	    ipywidgets==7.7.1 ipython==7.34.0 anywidget==0.9.21 plotly==5.24.1 datasets==4.0.0 \
	    widgetsnbextension==3.6.10 tenacity backcall decorator pickleshare ipython-genutils 'fsspec<=2025.3'
	PYTHONPATH=$(CURDIR) OMP_NUM_THREADS=1 $(COLAB) -m pytest -q -n 2 --dist loadfile \
	    -o addopts='--nbval-lax --nbval-kernel-name=limited --nbval-cell-timeout=300' \
	    -o filterwarnings= tests/test_widgets_*.py notebooks

clean:
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(DONE)/venv:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 none; do \
	    $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	        2>/dev/null && break; \
	done; \
	if [ $$python = none ]; then \
	    echo 'No Python 3.11, 3.12 or 3.13 here: install one, or name it:' \
	        'make lab PYTHON=/path/to/python3.12' >&2; exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip' 2>/dev/null; then \
	    echo "$$python lacks its venv module: installing python3-venv."; \
	    test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null || { \
	        echo 'That needs you: sudo apt-get install python3-venv' >&2; exit 1; }; \
	fi; \
	echo "Setting up .venv with $$($$python --version) (2 GB, some minutes, once)."; \
	$$python -m venv .venv
	@mkdir -p $(DONE) && touch $@

# A folder of wheels that the user's pip knows (a campus, a machine without a network) comes
# first. On Linux PyPI's torch brings several GB for a GPU: without one, PyTorch's CPU build.
$(DONE)/torch: constraints.txt | $(DONE)/venv
	@echo 'PyTorch ...'
	@$(PIP) install -qq --no-index --no-deps $(TORCH) 2>/dev/null || \
	if [ "$$(uname -s)" = Linux ] && ! nvidia-smi -L >/dev/null 2>&1; then \
	    $(PIP) install -qq --no-deps $(TORCH) --index-url $(TORCH_CPU); \
	else \
	    $(PIP) install -qq $(TORCH); \
	fi
	@touch $@

$(DONE)/kit: pyproject.toml $(DONE)/torch
	@echo 'JupyterLab and the other packages ...'
	@$(INSTALL) -e '.[huggingface]'
	@$(BIN)/jupyter labextension disable @jupyterlab/apputils-extension:announcements 2>/dev/null
	@touch $@

$(DONE)/dev: $(DONE)/kit
	@echo 'Packages for the tests ...'
	@$(INSTALL) -e '.[huggingface,prompt,keras,dev]'
	@touch $@

$(DONE)/data: kit/data/catalog.py kit/data/__main__.py $(DONE)/kit
	@$(BIN)/python -m kit.data
	@touch $@

$(DONE)/browser: tests/browser.py $(DONE)/dev
	@$(BIN)/python tests/browser.py
	@touch $@
