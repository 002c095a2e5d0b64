"""The types of the public API hold: honest programs pass mypy --strict, known mistakes are caught, and only those."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def flagged(file: Path, cache: Path) -> set[int]:
    """Lines mypy --strict calls wrong. It reads the installed package, as an integrator's mypy does."""
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file", "", str(file)]
    done = subprocess.run(
        [*command, "--cache-dir", str(cache)], capture_output=True, text=True, check=False, cwd=file.parent
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(rf"{file.name}:(\d+): error: (.*)", done.stdout)
    return {int(line) for line, _ in found}


def test_honest_programs_have_no_error_and_each_mistake_has_one(tmp_path: Path) -> None:
    assert flagged(HERE / "programs.py", tmp_path) == set()
    text = (HERE / "mistakes.py").read_text(encoding="utf-8").splitlines()
    wrong = {number for number, line in enumerate(text, start=1) if "  # wrong" in line}
    assert len(wrong) >= 25
    assert flagged(HERE / "mistakes.py", tmp_path) == wrong
