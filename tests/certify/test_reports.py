"""The report: keys machines rely on, a page people read, and nothing in either that is secret."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from stampcard_adapters.certify import Report, Verdict, judged
from stampcard_adapters.certify.page import Case, FailedCaseError, Page, SkippedCaseError
from stampcard_adapters.certify.report import written
from stampcard_adapters.certify.show import show
from stampcard_adapters.sandbox.spendgo import SpendgoModel, tenants_from_json

from .conftest import Tampered, answer

SECRET, KEY, PHONE = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5", "canary-api-key", "2065550123"
WORLD = {
    "spendgo": {
        "api_key": KEY,
        "secret": SECRET,
        "account_id": "33559",
        "store": "999999",
        "members": [{"id": "1", "phone": PHONE}],
    }
}


def test_the_keys_of_the_json_are_a_promise(honest) -> None:
    told = json.loads(honest.as_json())
    head = ["provider", "url", "environment", "started_at", "version", "passed", "failed", "skipped"]
    assert list(told) == [*head, "cases", "measurements", "switches"]
    assert (told["provider"], told["environment"]) == ("spendgo", "sandbox")
    assert (told["passed"], told["failed"], told["skipped"]) == (17, 0, 0)
    assert {tuple(case) for case in told["cases"]} == {("number", "title", "must_show", "seen", "verdict", "notes")}
    assert {tuple(m) for m in told["measurements"]} == {("name", "seen", "switch", "value")}
    assert told["switches"]["repeat"] == "replayed"


def test_the_markdown_is_a_table_a_line_each(honest) -> None:
    page = honest.as_markdown()
    assert "17 passed, 0 failed, 0 skipped, of 17" in page
    assert sum(line.startswith("| ") for line in page.splitlines()) == 2 + 17 + len(honest.measurements)
    assert "- `repeat` = `replayed`" in page


def test_a_file_is_written_as_its_extension_says(honest, tmp_path) -> None:
    written(honest, tmp_path / "r.MD")
    written(honest, tmp_path / "r.json")
    assert (tmp_path / "r.MD").read_text().startswith("# Certification: spendgo")
    assert json.loads((tmp_path / "r.json").read_text())["passed"] == 17


def screen(report: Report, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO())
    show(report, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_no_secret_is_told_even_when_a_provider_echoes_it(run) -> None:
    def echo(what, body, honest):
        reply = honest()
        if reply.status == 200 and what not in ("voided", "checkout"):
            return reply
        return answer(400, {"code": 400, "details": f"{SECRET} {KEY} {PHONE} \x1b[31m[bold]"})

    report = run(Tampered(echo, tenants=tenants_from_json(json.dumps(WORLD).encode())))
    for text in (report.as_json(), report.as_markdown(), screen(report), repr(report)):
        for secret in (SECRET, KEY, PHONE, "canary", "\x1b"):
            assert secret not in text
    assert "***" in report.as_json()
    assert "******0123" in report.as_json()


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_screen_shows_everything_at_any_width(honest, width) -> None:
    text = screen(honest, width)
    assert "17 of 17 passed" in text
    assert 'Switches(repeat="replayed"' in text
    assert "SPENDGO_REPEAT=replayed" in text
    table = text.partition("Set:")[0].splitlines()[1:]
    assert max(map(len, table)) <= width


def told(show_it) -> Verdict:
    return judged(Case(1, "", "", lambda _, page: show_it(page)), None).verdict


def test_a_verdict_is_read_off_what_was_seen() -> None:
    def raising(error):
        def show_it(page: Page) -> None:
            page.saw("200")
            raise error

        return show_it

    assert told(lambda page: None) is Verdict.SKIPPED
    assert told(lambda page: page.saw("200")) is Verdict.PASS
    assert told(lambda page: (page.saw("200"), page.lacks("a reward"))) is Verdict.SKIPPED
    assert told(lambda page: (page.saw("200"), page.lacks("a reward"), page.check(False, "no"))) is Verdict.FAIL
    assert told(raising(SkippedCaseError("nobody"))) is Verdict.SKIPPED
    assert told(raising(FailedCaseError("no"))) is Verdict.FAIL
    assert told(raising(ValueError("USD and CAD do not mix"))) is Verdict.FAIL


def test_the_model_without_tampering_serves_any_tenants(run) -> None:
    assert run(SpendgoModel(tenants_from_json(json.dumps(WORLD).encode()))).certified
