"""Beanbox as somebody else's distribution: its own package, its own tests, nothing of this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stampcard.testing.adapter_contract import AdapterContract
from stampcard.testing.model_contract import ModelContract

HERE = Path(__file__).parent
SUITES = """
from pathlib import Path

from beanbox_cases import TestBeanbox as Cases
from beanbox_worlds import TestBeanboxModel as Worlds


class TestAdapter(Cases):
    samples = Path(__file__).parent / "samples"


class TestModel(Worlds):
    examples = 10


def test_commands_find_it():
    from importlib.metadata import entry_points

    [point] = entry_points(group="stampcard.providers", name="beanbox")
    assert point.load().name == "beanbox"
"""
NAMES = {
    "tests.sixth.beanbox": "beanbox_stampcard",
    "from tests.sixth import shop": "import beanbox_shop as shop",
    "tests.sixth.model": "beanbox_model",
}


def put(source: str, where: Path) -> None:
    text = (HERE / source).read_text(encoding="utf-8")
    for ours, theirs in NAMES.items():
        text = text.replace(ours, theirs)
    assert "tests.sixth" not in text
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(text, encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What `pip install` leaves of a distribution, and its tests beside it."""
    installed, project = tmp_path / "site", tmp_path / "project"
    put("beanbox.py", installed / "beanbox_stampcard" / "__init__.py")
    about = installed / "beanbox_stampcard-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: beanbox-stampcard\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(
        "[stampcard.providers]\nbeanbox = beanbox_stampcard:Beanbox\n", encoding="utf-8"
    )
    for source, name in (("shop", "shop"), ("model", "model"), ("test_contract", "cases"), ("test_model", "worlds")):
        put(f"{source}.py", project / f"beanbox_{name}.py")
    (project / "test_beanbox.py").write_text(SUITES, encoding="utf-8")
    for file in (HERE / "samples").glob("*/*"):
        copy = project / "samples" / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return project


def test_the_suites_run_in_a_project_of_your_own(project: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-W",
        "error",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "test_beanbox.py",
    ]
    paths = os.pathsep.join([str(project.parent / "site"), str(project)])
    env = {**os.environ, "PYTHONPATH": paths, "STAMPCARD_FUZZ": "50"}
    done = subprocess.run(command, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    promises = [name for suite in (AdapterContract, ModelContract) for name in dir(suite) if name.startswith("test_")]
    assert f"{len(promises) + 1} passed" in done.stdout, done.stdout
