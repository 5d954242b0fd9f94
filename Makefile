# make setup   everything that developing needs, in .venv
# make demo    contours on a real CT and on the phantom (CT=path: on your own CT)
# make pictures   the icon and the pictures of README.md
# make lint    style and types
# make test    all tests; AUTOCONTOURRT_DATA names the folder of the shared data, if you have it
# make bench   timings, never part of the tests
# make clean   removes .venv and what tests and demo left; keeps training/ and bench/
PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := pyproject.toml Testing/constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint Testing/constraints.txt

.PHONY: setup demo pictures test lint bench clean

setup: .venv/ready-develop

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || \
		{ echo "AutoContourRT needs Python 3.9 or newer: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "No virtual environment could be made. On Debian: apt-get install python3-venv"; exit 1; }

# The stamps make a second `make` start at once.
.venv/ready-demo: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing into .venv; torch makes the first time long (up to some GB, with CUDA)."
	$(INSTALL) "pip>=21.3"
	$(INSTALL) --editable ".[demo]"
	@touch $@

.venv/ready-develop: .venv/ready-demo
	$(INSTALL) --editable ".[demo,test,lint]"
	@touch $@

demo: .venv/ready-demo
	$(BIN)/python Testing/demo.py $(if $(CT),"$(CT)")

pictures: .venv/ready-develop
	$(BIN)/python Testing/make_icon.py
	$(BIN)/python Testing/make_pictures.py
	$(BIN)/python Testing/make_slicer_pictures.py
	$(BIN)/python Testing/make_correction_pictures.py
	$(BIN)/python Testing/make_metrics_pictures.py

lint: .venv/ready-develop
	$(BIN)/ruff check AutoContourRT CorrectiveTraining MetricsModule Testing
	$(BIN)/mypy

test: .venv/ready-develop
	$(BIN)/python -m pytest

bench: .venv/ready-develop
	$(BIN)/python Testing/Bench/run.py

clean:
	rm -rf .venv .venv39 build dist demo .pytest_cache .mypy_cache .ruff_cache
	rm -rf AutoContourRT/*.egg-info
	find AutoContourRT CorrectiveTraining MetricsModule Testing -name __pycache__ -type d -prune -exec rm -rf {} +
