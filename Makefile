# Two commands do everything: `make demo` and `make test`. Each makes the virtual environment when it is not there yet.
PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python

.PHONY: demo check test docs audit lock install install-test

demo: install
	$(RUN) app.py $(ARGS)

# What to run before a commit: lint, types and the quick tests, in some three minutes on two cores.
check: install-test
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m pytest -n 2 --dist loadfile -m "not slow and not serial"

# Everything. Two processes at first, then what needs the processor for itself: a live page that waits for recognised words.
test: install-test
	$(RUN) -m pip check
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) -m pytest -n 2 --dist loadfile -m "not serial"
	$(RUN) -m pytest -m serial

# The documentation of comp_core, from its docstrings and the guide, into site/.
docs: install-test
	$(RUN) -m pdoc -d google comp_core -o site

# Known vulnerabilities of what is locked; needs the network.
audit: install-test
	$(RUN) -m pip_audit -r requirements.lock --disable-pip --require-hashes --progress-spinner off

# Needs uv. LOCK=--upgrade takes the newest versions that requirements.txt allows.
lock:
	uv pip compile requirements.txt --universal --python-version 3.11 --generate-hashes $(LOCK) -q -o requirements.lock

install: $(VENV)/installed
install-test: $(VENV)/installed-test

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13) and "Python 3.11 to 3.13 is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: requirements.txt | $(VENV)/bin/python
	$(RUN) -m pip install -r requirements.txt
	touch $@

$(VENV)/installed-test: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(RUN) -m pip install -e '.[test]'
	touch $@ $(VENV)/installed
