"""`stampcard simulate`: what it takes, what it refuses, how it ends."""

from __future__ import annotations

import json

import pytest
import typer
from tests.simulator.mutants import forget_the_outcome
from typer.testing import CliRunner, Result

from stampcard_adapters.commands.simulate import command

APP = typer.Typer()
APP.command("simulate")(command)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


def test_a_run_without_violations_ends_with_0_and_says_what_was_done() -> None:
    result = run("--orders", "60", "--seed", "3", "--provider", "kigo")
    assert result.exit_code == 0, result.output
    assert "0 violations" in result.output
    assert "steps/s" in result.output
    assert "lost after" in result.output


def test_the_same_seed_is_the_same_report() -> None:
    first, second = (json.loads(run("--orders", "60", "--seed", "3", "--json").stdout) for _ in range(2))
    for report in (*first.values(), *second.values()):
        del report["seconds"], report["steps_per_second"]
    assert first == second
    assert first.keys() == {"kalixo", "kibo", "kigo", "sessionm", "spendgo"}


def test_a_violation_ends_with_1_and_is_told() -> None:
    with forget_the_outcome():
        result = run("--orders", "40", "--provider", "spendgo")
    assert result.exit_code == 1
    assert "is in the journal" in result.output
    assert "PURCHASE" in result.output


@pytest.mark.parametrize(
    "arguments",
    [["--provider", "nobody"], ["--pairs"], ["--exhaustive", "--hours", "1"], ["--orders", "0"]],
)
def test_arguments_that_cannot_be_used_end_with_2(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_the_small_world_is_counted() -> None:
    result = run("--exhaustive", "--provider", "kigo", "--json")
    assert result.exit_code == 0, result.output
    [world] = json.loads(result.stdout).values()
    assert (world["failed"], world["paths"] > 0) == (0, True)
    assert world["cases"] > 25


def test_hours_end_a_run() -> None:
    result = run("--hours", "0.0002", "--provider", "kigo", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["kigo"]["orders"] > 0
