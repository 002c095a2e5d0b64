"""What the adapter suite is fed: recorded samples from files, and the order and command each is about.

May live here: reading samples, the values of the suite, judging whether a body holds what a success needs. May not: a
promise.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, cast

import attrs
import httpx

from stampcard.adapter import Accepted, AnyAdapter, Declined, NotSent, Unknown
from stampcard.commands import Command
from stampcard.model import AnyOrder, Site
from stampcard.testing.mutations import HOSTILE
from stampcard.wire import Response

__all__ = ["OUTCOMES", "AdapterSubject", "AuthCase", "Example", "Sample", "answers_in", "holds", "samples_in"]


@attrs.frozen(kw_only=True)
class Example:
    """An order, in the state it is in before the step, and the command."""

    order: AnyOrder
    command: Command


@attrs.frozen(kw_only=True)
class Sample:
    """One recorded answer: a folder `<samples>/<name>` with `case.json` and `response.json` (or `.txt`).

    case.json: trigger, status, headers, expect {outcome, and any of code, to, ours, retry_after}; whatever else you put
    there is in `case`. request: the bytes of `request.txt`, when there is one: a line with method and target, an empty
    line, the body.
    """

    name: str
    case: Mapping[str, Any]
    response: Response
    request: bytes | None = attrs.field(default=None, repr=False)

    @property
    def trigger(self) -> str:
        return str(self.case["trigger"])

    @property
    def expect(self) -> Mapping[str, Any]:
        return cast("Mapping[str, Any]", self.case["expect"])

    @property
    def accepted(self) -> bool:
        return bool(self.expect["outcome"] == "Accepted")


@attrs.frozen(kw_only=True)
class AuthCase:
    """A vector of the auth hook. answers: of the calls it makes before and between, in order, as (status, body).

    headers: what the request carries in the end; target: where it goes in the end, when the hook changes that.
    """

    request: httpx.Request
    headers: Mapping[str, str]
    answers: tuple[tuple[int, bytes], ...] = ()
    target: str | None = None


class AdapterSubject:
    """What you say of your adapter; see `stampcard.testing.adapter_contract.AdapterContract`."""

    samples: ClassVar[Path | str]
    """The folder of recorded samples."""
    required: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Trigger -> paths a success cannot be without: "order.id"; "a|b" where either will do. Names match in any case."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Everything that stands in your samples and settings and may never show."""
    sealed: ClassVar[tuple[str, ...]] = ()
    """Those of them that are journalled on purpose, as `Sealed`."""
    site: ClassVar[Site] = Site(store="999999")
    bodies: ClassVar[int] = 2_000
    """Mutated bodies tried in one run; set STAMPCARD_FUZZ for more."""

    def adapter(self) -> AnyAdapter:
        """A new adapter, the same every time."""
        raise NotImplementedError("say which adapter")

    def example(self, sample: Sample) -> Example:
        """The order and the command this sample answers."""
        raise NotImplementedError("say which order and command a sample answers")

    def auth_cases(self) -> Mapping[str, AuthCase]:
        """Vectors of the auth hook, by name."""
        return {}


def samples_in(folder: Path | str) -> dict[str, Sample]:
    """Every sample of a folder by name; folders without a `case.json` (of queries) are left out.

    Raises FileNotFoundError for a folder that is not there, ValueError for a `case.json` that lacks something.
    """
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"there is no folder of samples at {Path(folder).absolute()}")
    found: dict[str, Sample] = {}
    for file in sorted(Path(folder).glob("*/case.json")):
        case = _case(file)
        body = next((file.with_name(n) for n in ("response.json", "response.txt") if file.with_name(n).exists()), None)
        request = file.with_name("request.txt")
        found[file.parent.name] = Sample(
            name=file.parent.name,
            case=case,
            response=Response(
                status=int(case["status"]),
                headers=dict(case.get("headers") or {}),
                body=b"" if body is None else body.read_bytes(),
            ),
            request=request.read_bytes() if request.exists() else None,
        )
    return found


def answers_in(folder: Path | str) -> Iterator[Response]:
    """What a look may be answered: every sample, the same as a success, and small hostile bodies."""
    for sample in samples_in(folder).values():
        yield sample.response
        yield Response(status=200, headers={}, body=sample.response.body)
    small = [body for body in HOSTILE.values() if len(body) < 10_000]
    for status, body in itertools.product((200, 404), small):
        yield Response(status=status, headers={}, body=body)


def _case(file: Path) -> dict[str, Any]:
    case = cast("dict[str, Any]", json.loads(file.read_text(encoding="utf-8")))
    lacks = [name for name in ("trigger", "status", "expect") if name not in case]
    outcome = None if lacks else case["expect"].get("outcome")
    if lacks or outcome not in _WORDS:
        said = f"lacks {', '.join(lacks)}" if lacks else f"expects the outcome {outcome!r}, not one of {_WORDS}"
        raise ValueError(f"{file} {said}")
    return case


OUTCOMES: Final[tuple[type[object], ...]] = (Accepted, Declined, NotSent, Unknown)
_WORDS: Final = tuple(kind.__name__ for kind in OUTCOMES)


def holds(body: bytes, paths: tuple[str, ...]) -> bool:
    """Whether a JSON body has something at every path: the suite's own reading, not the adapter's."""
    try:
        tree: object = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return False
    return all(_at(tree, path.split(".")) for path in paths)


def _at(node: object, path: list[str]) -> bool:
    if not path:
        return node is not None and node != "" and node != [] and node != {}
    if isinstance(node, list):
        return any(_at(item, path) for item in cast("list[object]", node))
    if not isinstance(node, dict):
        return False
    wanted = {name.lower() for name in path[0].split("|")}
    members = cast("dict[str, object]", node)
    return any(_at(value, path[1:]) for key, value in members.items() if key.lower() in wanted)
