"""What the demo shows of a call: nothing that could be used, and otherwise what it was."""

from __future__ import annotations

import io

import attrs
import pytest
from rich.console import Console

from stampcard_adapters.commands._demo_screen import Screen
from stampcard_adapters.commands._demo_wire import Overheard
from stampcard_adapters.sandbox.http import Request, Response


@attrs.frozen
class Fixed:
    answer: bytes
    asked: list[Request] = attrs.field(factory=list)

    def handle(self, request: Request, /) -> Response:
        self.asked.append(request)
        return Response(status=200, body=self.answer)


def heard(request: Request, answer: bytes = b"{}", **hiding: tuple[str, ...]) -> str:
    overheard = Overheard(Fixed(answer), **hiding)  # type: ignore[arg-type]
    overheard.handle(request)
    [exchange] = overheard.taken()
    return f"{exchange.target} {exchange.body.decode()} {exchange.answer.decode()}"


def test_a_key_in_the_path_is_not_shown() -> None:
    request = Request(method="GET", target="/apps/key-canary/orders")
    assert heard(request, secrets=("key-canary",)).startswith("/apps/***/orders")


def test_members_are_hidden_by_name_and_by_what_they_lie_below() -> None:
    body = b'{"cardNumber":"411-canary","codes":[{"code":"pin-canary"}],"code":5003,"amount":2.00}'
    shown = heard(Request(method="POST", target="/", body=body), body, hidden=("CardNumber", "codes.code"))
    assert "canary" not in shown
    assert '"code": 5003' in shown
    assert '"amount": 2.00' in shown


def test_what_cannot_be_read_and_may_hold_a_secret_is_not_shown_at_all() -> None:
    assert "canary" not in heard(Request(method="POST", target="/", body=b"pin=canary"), hidden=("pin",))


def test_the_answer_itself_is_untouched() -> None:
    overheard = Overheard(Fixed(b'{"pin":"1"}'), hidden=("pin",))  # type: ignore[arg-type]
    assert overheard.handle(Request(method="GET", target="/")).body == b'{"pin":"1"}'


def test_a_lost_answer_is_lost_once_and_what_was_asked_for_is_done() -> None:
    provider = Fixed(b"{}")
    overheard = Overheard(provider)  # type: ignore[arg-type]
    overheard.lose_next()
    calls = [Request(method=method, target="/") for method in ("GET", "POST", "POST")]
    assert [overheard.handle(call).status for call in calls] == [200, 504, 200]
    assert provider.asked == calls
    assert [exchange.status for exchange in overheard.taken()] == [200, 504, 200]


@pytest.mark.parametrize("target", ["/", "/a/", "//a//b?c=/d", "/long" * 30 + "/", "/" + "x" * 200])
def test_a_path_is_shown_as_it_was_however_long(target: str) -> None:
    page = io.StringIO()
    overheard = Overheard(Fixed(b"{}"))  # type: ignore[arg-type]
    overheard.handle(Request(method="POST", target=target, headers={"X-Key": "k"}, body=b"12345"))
    Screen(Console(file=page, width=60), full=False).exchange(*overheard.taken())
    shown = page.getvalue()
    assert max(map(len, shown.splitlines())) <= 60
    assert f"POST{target}withakey,5bytes" in "".join(shown.split())


def test_a_body_s_size_is_that_of_what_arrived() -> None:
    overheard = Overheard(Fixed(b"{}"), hidden=("pin",))  # type: ignore[arg-type]
    overheard.handle(Request(method="POST", target="/", body=b'{"pin":"1234567"}'))
    [exchange] = overheard.taken()
    assert (exchange.size, exchange.body) == (17, b'{"pin": "***"}')


def test_a_form_is_shown_as_the_text_it_is() -> None:
    page = io.StringIO()
    overheard = Overheard(Fixed(b""))  # type: ignore[arg-type]
    overheard.handle(Request(method="POST", target="/", body=b"grant_type=client"))
    Screen(Console(file=page, width=60), full=False).exchange(*overheard.taken())
    assert "       grant_type=client\n" in page.getvalue()
