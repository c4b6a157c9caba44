"""The program as its hosts run it: a Space of Hugging Face, a container; and the examples of docs/api.md, which are asked of it."""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import jsonschema
import pytest
import yaml
from gradio_client import Client, handle_file

from app.api import SCHEMA_FILE
from tests.browser import harness

ROOT = harness.ROOT
README = (ROOT / "README.md").read_text(encoding="utf-8")
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", "")
EXAMPLES = re.findall(r"```(\w+)\n(.*?)```", API.split("## HTTP\n")[1], re.DOTALL)

# What the host documents (Spaces Configuration Reference; the length of the description is checked when a Space is pushed).
FIELDS = """
title emoji colorFrom colorTo sdk python_version sdk_version suggested_hardware app_file app_build_command app_port base_path fullWidth
header short_description models datasets tags thumbnail pinned hf_oauth disable_embedding startup_duration_timeout custom_headers
preload_from_hub license
"""
COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
ZEROGPU_PYTHONS = ("3.10.13", "3.12.12")


def metadata():
    return yaml.safe_load(README.split("---\n")[1])


def instructions(name):
    """What follows each instruction of this name in the Containerfile."""
    return [line.removeprefix(name).strip() for line in CONTAINERFILE.splitlines() if line.startswith(f"{name} ")]


SPACES = """
def gradio_auto_wrap(function):
    return function

def GPU(duration):
    def wrapped(function):
        print("wants a GPU", flush=True)
        return function
    return wrapped
"""


def install_spaces(folder):
    """A stand-in for the package that the host installs beside Gradio, which asks it for its version and two functions."""
    (folder / "spaces").mkdir()
    (folder / "spaces" / "__init__.py").write_text(SPACES)
    (folder / "spaces" / "reloading.py").write_text("def start_reload_server(**_):\n    pass\n")
    (folder / "spaces-1.0.dist-info").mkdir()
    (folder / "spaces-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: spaces\nVersion: 1.0\n")


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """As a Space: the host's variables, no arguments, and a home where nothing can be written (below a plain file, even for root)."""
    folder = tmp_path_factory.mktemp("space")
    (folder / "plain").touch()
    home = str(folder / "plain" / "home")
    install_spaces(folder)
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    host = {"SYSTEM": "spaces", "SPACE_ID": "someone/affect", "GRADIO_SERVER_NAME": "0.0.0.0", "PYTHONPATH": path}
    host |= {"HOME": home, "XDG_CACHE_HOME": home, "SPACES_ZERO_GPU": "true"}
    with harness.running_app(folder, environment=host) as running:
        yield running


def test_the_metadata_of_the_space_is_as_the_host_documents_it():
    found = metadata()
    assert README.startswith("---\n") and set(found) <= set(FIELDS.split())
    assert found["sdk"] == "gradio" and f"gradio=={found['sdk_version']}" in (ROOT / "requirements.txt").read_text().split()
    assert found["python_version"] in ZEROGPU_PYTHONS
    assert (ROOT / found["app_file"]).is_file()
    assert {found["colorFrom"], found["colorTo"]} <= set(COLOURS)
    assert len(found["emoji"]) == 1 and len(found["short_description"]) <= 60
    assert isinstance(found["pinned"], bool) and isinstance(found["fullWidth"], bool)


def test_space_container_and_tests_install_the_same_debian_packages():
    listed = (ROOT / "packages.txt").read_text().split()
    (installed,) = (run for run in instructions("RUN") if "apt-get install" in run)
    words = installed.split("apt-get install")[1].split("&&")[0].split()
    assert [word for word in words if not word.startswith("-")] == listed
    assert set(listed) <= set((ROOT / ".ci" / "run").read_text().split())
    assert f"apt install {' '.join(listed)}" in (ROOT / "docs" / "hosting.md").read_text(encoding="utf-8")


def test_the_container_holds_the_program_and_runs_it_as_nobody_special():
    copied = [part for line in instructions("COPY") for part in line.split()[:-1]]
    assert all((ROOT / part).exists() for part in copied)
    assert {"app.py", "app", "comp_core", "assets", "requirements.txt"} <= set(copied)
    assert re.search(r"python:3\.(10|11|12)-slim", *instructions("FROM"))
    torch = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("torch=="))
    assert torch in " ".join(instructions("RUN")).split()
    (user,) = instructions("USER")
    assert user not in ("root", "0") and CONTAINERFILE.index("\nUSER ") < CONTAINERFILE.index("\nCMD ")
    assert json.loads(*instructions("CMD")) == ["python", "app.py"]


def test_the_container_is_healthy_where_the_page_answers_and_not_elsewhere(hosted):
    (check,) = instructions("HEALTHCHECK")
    command = [sys.executable, *json.loads(check.split("CMD", 1)[1])[1:]]
    port = hosted.address.rpartition(":")[2]
    health = [subprocess.run(command, env={**os.environ, "GRADIO_SERVER_PORT": p}, capture_output=True).returncode for p in (port, "9")]
    assert health[0] == 0 != health[1]


def test_without_a_home_and_without_network_words_are_recognised_and_nothing_fails(hosted):
    client = Client(hosted.address, verbose=False)
    sample = handle_file(str(ROOT / "assets" / "samples" / "face.jpg"))
    # It is loaded while the page is already there.
    for _ in range(60):
        answer = client.predict(file=sample, api_name="/analyse")
        if answer["recogniser"]:
            break
        time.sleep(0.5)
    assert answer["recogniser"] == "Whisper tiny.en"
    log = hosted.log.read_text()
    assert "Traceback" not in log and "0.0.0.0" in log


def test_a_host_that_lends_gpus_hears_before_the_page_is_opened_that_one_is_wanted(hosted):
    log = hosted.log.read_text()
    assert 0 <= log.find("wants a GPU") < log.find("Running on local URL")
    assert "Read it, words on the host's GPU" in json.dumps(Client(hosted.address, verbose=False).config)


def test_the_page_of_a_space_does_not_know_that_it_is_one_and_so_loads_nothing_of_the_host(hosted):
    assert Client(hosted.address, verbose=False).config["space_id"] is None


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_the_examples_of_the_interface_work(hosted, language, code):
    if language == "sh" and not shutil.which("curl"):
        pytest.skip("curl is not installed")
    run = {"python": [sys.executable, "-c"], "sh": ["sh", "-ec"]}[language]
    example = code.replace("http://127.0.0.1:7860", hosted.address)
    assert example != code
    done = subprocess.run([*run, example], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if language == "sh":
        event, data = done.stdout.strip().rsplit("\n", 2)[-2:]
        assert event == "event: complete"
        jsonschema.validate(json.loads(data.removeprefix("data: "))[0], json.loads(SCHEMA_FILE.read_text()))
    else:
        assert "'joy'" in done.stdout


def test_there_are_examples_for_the_client_and_for_plain_http():
    assert [language for language, _ in EXAMPLES] == ["python", "sh", "sh"]
