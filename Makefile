# Two commands do everything: `make demo` and `make test`. Each makes the virtual environment when it is not there yet.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python

.PHONY: demo test install install-test

demo: install
	$(RUN) app.py $(ARGS)

test: install-test
	$(RUN) -m pip check
	$(RUN) -m ruff check .
	$(RUN) -m pytest

install: $(VENV)/installed
install-test: $(VENV)/installed-test

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12) and "Python 3.10 to 3.12 is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(RUN) -m pip install -r requirements.txt
	touch $@

$(VENV)/installed-test: requirements.txt requirements-encoders.txt requirements-ray.txt requirements-test.txt | $(VENV)/bin/python
	$(RUN) -m pip install -r requirements-test.txt
	touch $@ $(VENV)/installed
