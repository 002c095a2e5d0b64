"""`stampcard certify PROVIDER`: the provider's certification list, run and reported.

May live here: options, progress, exit codes. May not: a case, which lives with its provider's list.
Exit codes: 0 every case passed; 1 one failed or was skipped; 2 the arguments cannot be used, and nothing was sent.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer
from rich.console import Console

from stampcard_adapters.certify.report import WRITERS, Report, written
from stampcard_adapters.certify.show import show
from stampcard_adapters.certify.spendgo import Options, UnusableError, certify, sandbox, target_of
from stampcard_adapters.sandbox.spendgo import SpendgoModel

__all__ = ["command"]

_PROVIDERS: Final = ("spendgo",)
_UNUSABLE: Final = 2


def command(
    provider: Annotated[str, typer.Argument(help="Whose certification list to run: spendgo.")],
    url: Annotated[
        str | None, typer.Option(help="Environment to certify against; a local sandbox if not given.")
    ] = None,
    api_key: Annotated[str | None, typer.Option(help="API key; better in SPENDGO_API_KEY.")] = None,
    secret: Annotated[str | None, typer.Option(help="Shared secret, base64; better in SPENDGO_SECRET.")] = None,
    account: Annotated[str | None, typer.Option(help="Account id (SPENDGO_ACCOUNT_ID).")] = None,
    store: Annotated[str | None, typer.Option(help="The provider's code of the store (SPENDGO_STORE).")] = None,
    phone: Annotated[str | None, typer.Option(help="Phone of a member set up for it (SPENDGO_PHONE).")] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Yes, create members and orders at a URL that is not on this machine.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="File to write the report to: .md or .json.")] = None,
) -> None:
    """Run a provider's certification list, then measure what its documents leave open.

    Every option but --write and --report may come from the environment: SPENDGO_URL, SPENDGO_API_KEY and so on.
    Exits 0 when every case passed, 1 when one failed or was skipped, 2 when the arguments cannot be used.
    """
    problems = _problems(provider, report)
    try:
        options = Options(
            url=url, api_key=api_key, secret=secret, account=account, store=store, phone=phone, write=write
        )
        target = target_of(options, os.environ)
    except UnusableError as unusable:
        _refuse(*problems, *unusable.problems)
    if problems:
        _refuse(*problems)
    screen, progress = Console(), Console(stderr=True)
    with ExitStack() as stack:
        if target is None:
            target = stack.enter_context(sandbox(SpendgoModel()))
        status = stack.enter_context(progress.status("starting"))
        result = certify(target, on_start=lambda what: status.update(what))
    show(result, screen)
    _hand_over(result, report, screen)
    raise typer.Exit(0 if result.certified else 1)


def _problems(provider: str, report: Path | None) -> list[str]:
    problems: list[str] = []
    if provider.lower() not in _PROVIDERS:
        problems.append(f"there is no certification list for {provider!r}; there is one for: {', '.join(_PROVIDERS)}")
    if report is not None and report.suffix.lower() not in WRITERS:
        problems.append(f"--report {report.name}: a report is written as {' or '.join(sorted(WRITERS))}")
    elif report is not None and not report.parent.is_dir():
        problems.append(f"--report {report}: there is no such directory")
    return problems


def _hand_over(result: Report, report: Path | None, screen: Console) -> None:
    if report is None:
        return
    try:
        written(result, report)
    except OSError as error:
        _refuse(f"cannot write {report}: {error.strerror or error}")
    screen.print(f"report: {report}", markup=False, highlight=False, soft_wrap=True)


def _refuse(*why: str) -> NoReturn:
    for sentence in why:
        typer.echo(f"stampcard certify: {sentence}", err=True)
    raise typer.Exit(_UNUSABLE)
