"""The net: everything a program could print, log or keep, gathered as text, and searched for every secret.

May live here: gathering and searching. May not: a provider, a story.
"""

from __future__ import annotations

import io
import logging
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs

from stampcard import Secret, StampcardError

TESTS = str(Path(__file__).parents[1])
_SHORT = 6


@attrs.define
class Net:
    """Texts by where they were found."""

    found: list[tuple[str, str]] = attrs.field(factory=list)

    def text(self, where: str, text: str) -> None:
        self.found.append((where, text))

    def value(self, what: str, value: object) -> None:
        """Printed in every way, and everything it is made of."""
        for part in _parts(value, depth=12):
            self.text(f"repr of {what}", f"{part!r} {part} {part!a}")

    def error(self, what: str, error: BaseException) -> None:
        """As printed, as an API answers with it, and as a crash reporter shows it, locals of every frame and all."""
        if isinstance(error, StampcardError):
            self.value(f"{what}, as a dict", error.as_dict())
            self.value(f"{what}, its attributes", dict(vars(error)))
        chain: BaseException | None = error
        while chain is not None:
            self.text(f"{what}, printed", f"{chain} {chain!r} {chain.args!r}")
            chain = chain.__cause__ or chain.__context__
        told: traceback.TracebackException | None = traceback.TracebackException.from_exception(
            error, capture_locals=True
        )
        while told is not None:
            self.text(f"{what}, its traceback", "".join(told.format_exception_only()))
            for frame in told.stack:
                if not frame.filename.startswith(TESTS):  # a test's own frames hold the canaries
                    where = f"{what}, locals of {frame.name} in {frame.filename}"
                    self.text(where, f"{frame.line} {frame.locals}")
            told = told.__cause__ or told.__context__

    def files(self, folder: Path) -> None:
        """Every byte below a folder: the journal, its log, its index, its locks."""
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                self.text(f"file {file.name}", file.read_bytes().decode("latin-1"))

    def leaks(self, secrets: Iterable[tuple[str, str]]) -> list[str]:
        """Every secret found, and where."""
        wanted = [(kind, value, _pattern(value)) for kind, value in sorted(set(secrets))]
        return sorted(
            {
                f"{kind} in {where}"
                for where, text in self.found
                for kind, value, alone in wanted
                if value in text and (alone is None or alone.search(text))
            }
        )


def _pattern(value: str) -> re.Pattern[str] | None:
    """A few digits stand in many a number and many an address: such a secret counts where it stands alone."""
    return re.compile(rf"(?<![\w.]){re.escape(value)}(?![\w.])") if len(value) < _SHORT else None


class Ear(logging.Handler):
    """Hears every record of every logger at any level, as a handler of a host that prints all it knows."""

    def __init__(self, net: Net) -> None:
        super().__init__(logging.NOTSET)
        self.net = net
        self.stream = io.StringIO()
        self.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self.net.error(f"a log of {record.name}", error)
        self.net.text(f"log of {record.name}", self.format(record))
        self.net.text(f"log record of {record.name}", f"{record.__dict__!r}")


def _parts(value: object, depth: int) -> Iterable[object]:
    """The value and what it is made of, secrets closed."""
    yield value
    if depth == 0 or isinstance(value, Secret | str | int):
        return
    inner: Iterable[Any] = ()
    if attrs.has(type(value)):
        shown = (field for field in attrs.fields(type(value)) if field.repr is True)  # else it is hidden on purpose
        inner = (getattr(value, field.name) for field in shown)
    elif isinstance(value, dict):
        inner = (*value.keys(), *value.values())
    elif isinstance(value, list | tuple | set | frozenset):
        inner = value
    elif isinstance(value, bytes):
        inner = (value.decode("latin-1"),)
    for one in inner:
        yield from _parts(one, depth - 1)
