"""`stampcard certify`: what it takes, what it refuses before anything is sent, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from stampcard_adapters.commands.certify import command
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import RequestLike, Response
from stampcard_adapters.sandbox.serve import serve
from stampcard_adapters.sandbox.spendgo import SpendgoModel, tenants_from_json

SECRET, KEY, PHONE = "Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5", "canary-api-key", "2065550123"
REWARDS = [
    {"id": "11", "label": "$4 off", "value": 4},
    {"id": "12", "label": "Ten percent off", "offer": "discount", "value": 10},
    {"id": "13", "label": "$3 off 5 or more", "value": 3, "min_items": 5},
    {"id": "14", "label": "$1 off soup", "value": 1, "product": "SOUP"},
]
MEMBER: dict[str, Any] = {"id": "77", "phone": PHONE, "rewards": REWARDS, "swp": {"id": "P_77", "balance": 25}}
WORLD: dict[str, Any] = {
    "api_key": KEY,
    "secret": SECRET,
    "account_id": "33559",
    "store": "4711",
    "members": [MEMBER],
}
APP = typer.Typer()
APP.command("certify")(command)


@APP.command("other", hidden=True)
def _other() -> None:
    """With two commands the first is named, as it is in `stampcard`."""


class Counted(SpendgoModel):
    """Counts what reaches it."""

    asked = 0

    def handle(self, request: RequestLike, /) -> Response:
        self.asked += 1
        return super().handle(request)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "API_KEY", "SECRET", "ACCOUNT_ID", "STORE", "PHONE"):
        monkeypatch.delenv(f"SPENDGO_{name}", raising=False)


@pytest.fixture
def provider() -> Iterator[tuple[Counted, str]]:
    """A foreign environment whose staff has set up what the cases need."""
    model = Counted(tenants_from_json(json.dumps({"spendgo": WORLD}).encode()))
    with serve(sandbox_app(model)) as url:
        yield model, url


def ran(*words: str, **env: str) -> Result:
    return CliRunner().invoke(APP, ["certify", *words], env={"COLUMNS": "100", **env})


def variables(url: str) -> dict[str, str]:
    return {
        "SPENDGO_URL": url,
        "SPENDGO_API_KEY": KEY,
        "SPENDGO_SECRET": SECRET,
        "SPENDGO_ACCOUNT_ID": "33559",
        "SPENDGO_STORE": "4711",
        "SPENDGO_PHONE": PHONE,
    }


def test_the_whole_command_in_a_process_of_its_own(tmp_path: Path) -> None:
    """Also without a terminal, and in a directory that is nobody's."""
    program = "import sys; sys.argv[0] = 'stampcard'; from stampcard.cli import main; main()"
    env = {k: v for k, v in os.environ.items() if not k.startswith("SPENDGO_")} | {"COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", program, "certify", "spendgo", "--report", "r.json"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "17 of 17 passed" in done.stdout
    assert json.loads((tmp_path / "r.json").read_text())["passed"] == 17
    assert [file.name for file in tmp_path.iterdir()] == ["r.json"]


def test_an_environment_from_variables_where_everything_is_set_up(provider, tmp_path) -> None:
    _, url = provider
    files = [tmp_path / "r.md", tmp_path / "r.json"]
    outputs = [ran("spendgo", "--report", str(file), **variables(url)) for file in files]
    assert [done.exit_code for done in outputs] == [0, 0]
    for text in (*(done.output for done in outputs), *(file.read_text() for file in files)):
        assert url in text
        for secret in (SECRET, KEY, PHONE, "canary"):
            assert secret not in text


def test_options_go_before_variables(provider) -> None:
    model, url = provider
    wrong = {**variables("http://127.0.0.1:9"), "SPENDGO_STORE": "0"}
    done = ran("spendgo", "--url", url, "--store", "4711", **wrong)
    assert done.exit_code == 0
    assert model.asked > 100


def test_a_member_without_rewards_is_skipped_and_ends_with_1(provider) -> None:
    _, url = provider
    done = ran("spendgo", **{**variables(url), "SPENDGO_PHONE": "2065550199"})
    assert done.exit_code == 1
    assert "skipped" in done.output


def test_nobody_at_the_url_ends_with_1() -> None:
    done = ran("spendgo", **variables("http://127.0.0.1:9"))
    assert done.exit_code == 1
    assert "0 of 17 passed" in done.output


def test_wrong_keys_end_with_1_and_say_whose_fault_it_is(provider) -> None:
    _, url = provider
    done = ran("spendgo", **{**variables(url), "SPENDGO_SECRET": "bm90IHRoZSBzZWNyZXQ="})
    assert done.exit_code == 1
    assert "401 code 1004" in done.output
    assert "credentials.refused" in " ".join(done.output.split())


def test_everything_that_is_missing_is_said_at_once(provider) -> None:
    model, url = provider
    done = ran("spendgo", "--url", url, "--api-key", KEY)
    assert done.exit_code == 2
    for name in ("secret", "account", "store", "phone"):
        assert f"--{name} (or SPENDGO_" in done.output
    assert "--api-key" not in done.output
    assert model.asked == 0


def test_a_url_that_is_not_on_this_machine_needs_write_and_says_so_with_the_rest() -> None:
    done = ran("spendgo", "--url", "https://webservice.skuped.com")
    assert done.exit_code == 2
    assert "needs --write" in done.output
    assert "--phone (or SPENDGO_PHONE) is missing" in done.output


def test_write_is_all_that_was_missing(monkeypatch) -> None:
    from stampcard_adapters.certify.spendgo import Options, UnusableError, target_of

    options = Options(url="https://webservice.skuped.com")
    env = variables("")
    with pytest.raises(UnusableError, match=r"^certification creates members and orders"):
        target_of(options, env)
    target = target_of(Options(url=options.url, write=True), env)
    assert target is not None
    assert target.environment.value == "test"
    assert SECRET not in repr(target)
    assert PHONE not in repr(target)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://webservice.skuped.com", "is not https"),
        ("https://user:pw@webservice.skuped.com", "scheme://host"),
        ("https://[", "is no URL"),
        ("127.0.0.1", "scheme://host"),
    ],
)
def test_a_url_that_cannot_be_used_ends_with_2(url, says) -> None:
    done = ran("spendgo", "--write", **variables(url))
    assert done.exit_code == 2
    assert says in done.output
    assert "pw" not in done.output


def test_a_secret_that_is_not_base64_ends_with_2_and_is_not_shown() -> None:
    done = ran("spendgo", **{**variables("http://127.0.0.1:9"), "SPENDGO_SECRET": "canary!"})
    assert done.exit_code == 2
    assert "alphabet" in done.output
    assert "canary" not in done.output


def test_keys_without_a_url_are_a_mistake_but_variables_of_a_till_are_not(monkeypatch) -> None:
    from stampcard_adapters.certify.spendgo import Options, target_of

    done = ran("spendgo", "--api-key", KEY, "--phone", PHONE)
    assert done.exit_code == 2
    assert "--api-key, --phone without --url" in done.output
    assert KEY not in done.output
    assert target_of(Options(), {**variables(""), "SPENDGO_URL": " "}) is None


def test_an_unknown_provider_and_report_are_said_together(tmp_path) -> None:
    done = ran("nobody", "--report", str(tmp_path / "r.pdf"))
    assert done.exit_code == 2
    assert "there is one for: spendgo" in done.output
    assert ".json or .md" in done.output


def test_a_report_that_could_not_be_written_is_refused_before_the_run(provider, tmp_path) -> None:
    model, url = provider
    done = ran("spendgo", "--report", str(tmp_path / "nowhere" / "r.md"), **variables(url))
    assert done.exit_code == 2
    assert "no such directory" in done.output
    assert model.asked == 0
    (tmp_path / "r.md").mkdir()
    done = ran("spendgo", "--report", str(tmp_path / "r.md"), **variables(url))
    assert done.exit_code == 2
    assert "17 of 17 passed" in done.output
