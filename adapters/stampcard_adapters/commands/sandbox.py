"""`stampcard sandbox`: local providers over real HTTP, until the command is stopped.

May live here: options, the one ready line on standard output, exit codes. May not: anything a test could not do itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from stampcard_adapters.sandbox import kalixo, kibo, kigo, sessionm, spendgo
from stampcard_adapters.sandbox.app import sandbox_app
from stampcard_adapters.sandbox.http import Model
from stampcard_adapters.sandbox.jsontext import Json, write
from stampcard_adapters.sandbox.serve import listen, run, url_of
from stampcard_adapters.sandbox.tenantsfile import NoTenantError, TenantsError
from stampcard_adapters.sandbox.together import Together

__all__ = ["command"]


def _spendgo(tenants: bytes | None, lenient: bool) -> Model:
    return spendgo.SpendgoModel(None if tenants is None else spendgo.tenants_from_json(tenants), lenient=lenient)


def _sessionm(tenants: bytes | None, lenient: bool) -> Model:
    return sessionm.SessionMModel(None if tenants is None else sessionm.tenants_from_json(tenants), lenient=lenient)


def _kalixo(tenants: bytes | None, lenient: bool) -> Model:
    return kalixo.KalixoModel(None if tenants is None else kalixo.tenants_from_json(tenants), lenient=lenient)


def _kigo(tenants: bytes | None, lenient: bool) -> Model:
    return kigo.KigoModel(None if tenants is None else kigo.tenants_from_json(tenants), lenient=lenient)


def _kibo(tenants: bytes | None, lenient: bool) -> Model:
    return kibo.KiboModel(None if tenants is None else kibo.tenants_from_json(tenants), lenient=lenient)


PROVIDERS: Final[Mapping[str, Callable[[bytes | None, bool], Model]]] = {
    "spendgo": _spendgo,
    "sessionm": _sessionm,
    "kalixo": _kalixo,
    "kigo": _kigo,
    "kibo": _kibo,
}
"""How each provider's model is made from the bytes of a tenants file (None: its default world) and leniency."""


def command(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 picks a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    provider: Annotated[list[str] | None, typer.Option(help="Provider to serve; all when not given.")] = None,
    tenants: Annotated[
        Path | None, typer.Option(help="File of the shape of the printed tenants, served instead.")
    ] = None,
    lenient: Annotated[bool, typer.Option("--lenient", help="Tolerate what public clients leave out.")] = False,
) -> None:
    """Serve local providers that behave like the real ones.

    Prints one JSON line with the URL and the tenants' keys and members once it accepts connections.
    """
    chosen = provider or list(PROVIDERS)
    unknown = [name for name in chosen if name not in PROVIDERS]
    if unknown:
        _fail(2, f"no sandbox for provider {', '.join(unknown)}; there is one for: {', '.join(PROVIDERS)}")
    models = _models(chosen, tenants, lenient=lenient, named=provider is not None)
    try:
        listener = listen(host, port)
    except OSError as error:
        _fail(1, f"cannot listen on {host} port {port}: {error.strerror or error}")

    def ready() -> None:
        served: dict[str, Json] = Together(*models).tenants()
        sys.stdout.write(write({"url": url_of(listener), "tenants": served}) + "\n")
        sys.stdout.flush()

    with listener:
        run(sandbox_app(*models), listener, on_ready=ready)


def _models(chosen: list[str], tenants: Path | None, *, lenient: bool, named: bool) -> list[Model]:
    """named: the providers were asked for by name, so that a file without one of them is a mistake."""
    models: list[Model] = []
    try:
        described = None if tenants is None else tenants.read_bytes()
        for name in dict.fromkeys(chosen):
            try:
                models.append(PROVIDERS[name](described, lenient))
            except NoTenantError:
                if named:
                    raise
    except OSError as error:
        _fail(2, f"cannot read {tenants}: {error.strerror or error}")
    except TenantsError as error:
        _fail(2, f"{tenants}: {error}")
    if not models:
        known = ", ".join(PROVIDERS)
        _fail(2, f'{tenants}: no tenant of {known}: one is named as its provider, or says "provider": "..."')
    return models


def _fail(code: int, why: str) -> NoReturn:
    sys.stderr.write(f"stampcard sandbox: {why}\n")
    raise typer.Exit(code)
