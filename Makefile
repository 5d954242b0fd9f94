# make setup   everything that developing needs, in .venv
# make demo    contours on a real CT and on the phantom (CT=path: on your own CT)
# make pictures   the icon and the pictures of README.md
# make lint    style and types
# make test    all tests; AUTOCONTOURRT_DATA names the folder of the shared data, if you have it
# make bench   timings, never part of the tests
# make model   trains the shipped model again, 3 h on 2 cores (needs AUTOCONTOURRT_DATA); goes on where it stopped
# make clean   removes .venv and what tests and demo left; keeps training/ and bench/
PYTHON ?= python3
BIN := .venv/bin
REQUIREMENTS := pyproject.toml Testing/constraints.txt
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint Testing/constraints.txt

.PHONY: setup demo pictures test lint bench model clean

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

# From the weights of 0.3.0, which lie in the history; Testing/Bench/model_study.md tells of the steps.
SHIPPED := AutoContourRT/AutoContourRTCore/models/shipped/head_neck_7
MODEL := training/model
TRAIN = $(BIN)/autocontourrt train "$$AUTOCONTOURRT_DATA/head_neck" --device cpu --structures \
	Brainstem,SpinalCord,Parotid_R,Parotid_L,Esophagus,Larynx,Bone_Mandible \
	$(if $(wildcard $(@D).training/checkpoint.pt),--resume) -o $(@D)

model: $(MODEL)/second/model.json
	$(BIN)/python Testing/ship_head_neck_7.py $(MODEL)/second.training --weights checkpoint.pt \
		--out $(MODEL)/head_neck_7

$(MODEL)/start/head_neck_7/model.json: | .venv/ready-develop
	mkdir -p $(MODEL)/start
	git archive be22c2a $(SHIPPED) | tar -x -m -C $(MODEL)/start --strip-components 4

$(MODEL)/first/model.json: | $(MODEL)/start/head_neck_7/model.json
	$(TRAIN) --start $(MODEL)/start/head_neck_7 --recipe Testing/head_neck_7_recipe.json

$(MODEL)/second/model.json: $(MODEL)/first/model.json
	$(TRAIN) --start $(MODEL)/first --recipe Testing/head_neck_7_steady_recipe.json

clean:
	rm -rf .venv .venv39 build dist demo .pytest_cache .mypy_cache .ruff_cache
	rm -rf AutoContourRT/*.egg-info
	find AutoContourRT CorrectiveTraining MetricsModule Testing -name __pycache__ -type d -prune -exec rm -rf {} +
