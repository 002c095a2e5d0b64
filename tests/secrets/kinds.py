"""Every kind of secret each provider has: the one table, and a provider that is told, and tells, all of them.

May live here: the table, canary credentials, a wire that remembers what went over it. May not: a story, a test.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import quote

import attrs
from tests.transport.loopback import Server, headers_of, read_request

from stampcard import Environment, SealKey, Secret
from stampcard.signing import Key, KeyRing
from stampcard.wire import Response
from stampcard_adapters.kalixo import Kalixo, KalixoKeys
from stampcard_adapters.kibo import Kibo, KiboKeys
from stampcard_adapters.kibo import Switches as KiboSwitches
from stampcard_adapters.kigo import Kigo, KigoKeys
from stampcard_adapters.sandbox import kalixo, kibo, kigo, sessionm, spendgo
from stampcard_adapters.sandbox.http import Request
from stampcard_adapters.sandbox.kalixo import KalixoModel
from stampcard_adapters.sandbox.kibo import KiboModel
from stampcard_adapters.sandbox.kigo import KigoModel
from stampcard_adapters.sandbox.sessionm import SessionMModel
from stampcard_adapters.sandbox.spendgo import SpendgoModel
from stampcard_adapters.sessionm import SessionM, SessionMKeys
from stampcard_adapters.spendgo import Spendgo, SpendgoKeys

SANDBOX: Final = Environment.SANDBOX


@attrs.frozen
class Kind:
    """A kind of secret. given: its canary. told: names in the provider's replies under which it is told instead.

    wire: it goes over the wire (a signing secret does not).
    """

    what: str
    given: str = ""
    told: tuple[str, ...] = ()
    wire: bool = True


def _basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


HMAC_BYTES: Final = b"canary-hmac-secret-9f3e"
OTHER_BYTES: Final = b"canary-other-secret-11aa"
HMAC: Final = base64.b64encode(HMAC_BYTES).decode()
SPENDGO_KEY, OTHER_KEY = "canary-spendgo-key-71c0", "canary-spendgo-key-72d1"
PASSWORD: Final = "canary-member-password-5b2d"
SESSIONM_KEY, SESSIONM_SECRET = "canary-sessionm-key-71c0", "canary-sessionm-secret-9f3e"
EMAIL, KALIXO_PASSWORD = "canary-login@kalixo.example", "canary-kalixo-password-3c"
KALIXO_KEY: Final = "kal_test_canary-kalixo-key-71"
KIGO_KEY: Final = "canary-kigo-key-71c0"
KIBO_KEY, KIBO_SECRET = "canary-kibo-key-71c0", "canary-kibo-secret-9f3e"
CARD, CARD_CODE = "4012888888881881", "8831"
GIFT_CARD, GIFT_PIN, PAYPAL = "6006491234123412", "canary-gift-pin-9182", "EC-canary-paypal-5b2d"
SEAL: Final = b"canary-seal-key-of-32-bytes-long"
PROXY_USER, PROXY_PASSWORD = "canary-proxy-user", "canary-proxy-password-77"
WRONG: Final = "canary-wrong-credential-66"

TABLE: Final[dict[str, tuple[Kind, ...]]] = {
    "spendgo": (
        Kind("API key", SPENDGO_KEY),
        Kind("HMAC secret as text", HMAC, wire=False),
        Kind("HMAC secret", HMAC_BYTES.decode(), wire=False),
        Kind("second live key", OTHER_KEY),
        Kind("second live secret", OTHER_BYTES.decode(), wire=False),
        Kind("member's password", PASSWORD),
    ),
    "sessionm": (
        Kind("API key, in every path", SESSIONM_KEY),
        Kind("secret", SESSIONM_SECRET, wire=False),
        Kind("key and secret, as Basic says them", _basic(SESSIONM_KEY, SESSIONM_SECRET)),
        Kind("wrong secret, as Basic says it", _basic(SESSIONM_KEY, WRONG)),
    ),
    "kalixo v1": (
        Kind("login e-mail", EMAIL),
        Kind("login password", KALIXO_PASSWORD),
        Kind("wrong password", WRONG),
        Kind("access token", told=("accessToken",)),
        Kind("refresh token", told=("refreshToken",)),
        Kind("gift-card PIN", told=("PIN", "pin")),
    ),
    "kalixo v2": (
        Kind("API key", KALIXO_KEY),
        Kind("wrong API key", f"kal_test_{WRONG}"),
        Kind("gift-card code", told=("code",)),
    ),
    "kigo": (
        Kind("API key", KIGO_KEY),
        Kind("wrong API key", WRONG),
        Kind("partner session", told=("token",)),
        Kind("claim code", told=("claim_code",)),
        Kind("deep link", told=("deeplink_url",)),
        Kind("SSO session", told=("session_id",)),
    ),
    "kibo": (
        Kind("API key", KIBO_KEY),
        Kind("client secret", KIBO_SECRET, wire=False),
        Kind("key and secret, as Basic says them", _basic(KIBO_KEY, KIBO_SECRET)),
        Kind("wrong secret, as Basic says it", _basic(KIBO_KEY, WRONG)),
        Kind("access token", told=("access_token",)),
        Kind("card number", CARD),
        Kind("security code", CARD_CODE),
        Kind("gift-card number", GIFT_CARD),
        Kind("gift-card PIN", GIFT_PIN),
        Kind("PayPal token", PAYPAL),
        Kind("authorization's token", told=("authToken",)),
        Kind("payment method's token", told=("paymentMethodToken",)),
        Kind("seal key", SEAL.decode(), wire=False),
        Kind("seal key as text", base64.b64encode(SEAL).decode(), wire=False),
    ),
}
PROXY: Final = (
    Kind("proxy password", PROXY_PASSWORD, wire=False),
    Kind("proxy credentials, as Basic says them", _basic(PROXY_USER, PROXY_PASSWORD)),
)
PROVIDERS: Final = tuple(TABLE)


def model_of(provider: str) -> Any:
    """The provider's sandbox, with canaries for credentials."""
    match provider:
        case "spendgo":
            [one] = spendgo.read_tenants(SpendgoModel().tenants())
            key = type(one.keys[0])(api_key=SPENDGO_KEY, secret=HMAC)
            return SpendgoModel((attrs.evolve(one, keys=(key,)),))
        case "sessionm":
            [one, *_] = sessionm.default_tenants()
            return SessionMModel([attrs.evolve(one, api_key=SESSIONM_KEY, secret=SESSIONM_SECRET)])
        case "kigo":
            [one] = kigo.default_tenants()
            return KigoModel([attrs.evolve(one, api_key=KIGO_KEY)])
        case "kibo":
            [one, *_] = kibo.default_tenants()
            return KiboModel([attrs.evolve(one, api_key=KIBO_KEY, secret=KIBO_SECRET)])
        case _:
            [one] = kalixo.default_tenants()
            return KalixoModel([attrs.evolve(one, email=EMAIL, password=KALIXO_PASSWORD, api_key=KALIXO_KEY)])


def settings_of(provider: str, url: str, *, wrong: bool = False) -> Any:
    """As `till.use` takes it. wrong: with a credential the provider does not accept."""
    match provider:
        case "spendgo":
            secret = b"canary-other-secret-11aa" if wrong else HMAC_BYTES
            ring = KeyRing(current=Key.raw(SPENDGO_KEY, secret), other=Key.raw(OTHER_KEY, OTHER_BYTES))
            return Spendgo(SpendgoKeys(account_id="33559", keys=ring), environment=SANDBOX, url=url)
        case "sessionm":
            keys = SessionMKeys.of(SESSIONM_KEY, WRONG if wrong else SESSIONM_SECRET)
            return SessionM(keys, environment=SANDBOX, url=url)
        case "kigo":
            partner = kigo.default_tenants()[0].partner_id
            return Kigo(
                KigoKeys(partner_id=partner, api_key=Secret(WRONG if wrong else KIGO_KEY)), environment=SANDBOX, url=url
            )
        case "kibo":
            secret_word = Secret(WRONG if wrong else KIBO_SECRET)
            held = KiboKeys(api_key=KIBO_KEY, secret=secret_word, manufacturer_id=1010, catalog_id=0)
            switches = KiboSwitches(resend_tokens=True)
            return Kibo(
                held,
                environment=SANDBOX,
                url=url,
                auth_url=url,
                seal_key=SealKey(Secret(SEAL)),
                switches=switches,
            )
        case "kalixo v1":
            login = KalixoKeys(email=EMAIL, password=Secret(WRONG if wrong else KALIXO_PASSWORD))
            return Kalixo(login, version=1, environment=SANDBOX, url=url)
        case _:
            key = KalixoKeys(api_key=Secret(f"kal_test_{WRONG}" if wrong else KALIXO_KEY))
            return Kalixo(key, version=2, environment=SANDBOX, url=url)


def environment_of(provider: str, url: str) -> dict[str, str]:
    """The same for the commands."""
    name = provider.split()[0].upper()
    own: dict[str, dict[str, str]] = {
        "SPENDGO": {"API_KEY": SPENDGO_KEY, "SECRET": HMAC, "ACCOUNT_ID": "33559"},
        "SESSIONM": {"API_KEY": SESSIONM_KEY, "SECRET": SESSIONM_SECRET},
        "KIGO": {"API_KEY": KIGO_KEY, "PARTNER_ID": kigo.default_tenants()[0].partner_id},
        "KIBO": {
            "API_KEY": KIBO_KEY,
            "SECRET": KIBO_SECRET,
            "MANUFACTURER_ID": "1010",
            "CATALOG_ID": "0",
            "AUTH_URL": url,
        },
        "KALIXO": {"VERSION": provider[-1], "EMAIL": EMAIL, "PASSWORD": KALIXO_PASSWORD}
        if provider.endswith("1")
        else {"VERSION": "2", "API_KEY": KALIXO_KEY},
    }
    given = {**own[name], "ENVIRONMENT": "sandbox", "URL": url}
    return {f"{name}_{key}": value for key, value in given.items()}


class Gossip:
    """The provider on a real socket. It quotes what it was sent in every no, and remembers all that went over the wire.

    lose: the next call it picks is acted on, and its reply never sent.
    """

    def __init__(self, provider: str) -> None:
        self.provider, self.model = provider, model_of(provider)
        self.heard: list[bytes] = []
        self.lose: Callable[[Request], bool] | None = None
        self.told: dict[str, set[str]] = {kind.what: set() for kind in TABLE[provider] if kind.told}
        self._server = Server(self._serve)
        self.url = f"http://127.0.0.1:{self._server.port}"

    def secrets(self) -> Iterator[tuple[str, str]]:
        """(kind, value): all that may show nowhere; each also as it stands in a URL."""
        for kind in TABLE[self.provider]:
            for value in self.told[kind.what] if kind.told else {kind.given}:
                yield kind.what, value
                if quote(value, safe="") != value:
                    yield f"{kind.what}, escaped", quote(value, safe="")

    def close(self) -> None:
        self._server.close()

    def _serve(self, conn: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while raw := read_request(conn):
                self.heard.append(raw)
                head, _, body = raw.partition(b"\r\n\r\n")
                method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
                target = target.removeprefix(self.url)
                request = Request(method=method, target=target, headers=headers_of(raw), body=body)
                answer: Response = self.model.handle(request)
                self._remember(answer.body)
                if self.lose is not None and self.lose(request):
                    self.lose = None
                    return
                refused = answer.status >= 400 or b'"status":"error"' in answer.body.replace(b" ", b"")
                told = _quoting(answer, raw) if refused else answer.body
                lines = [f"HTTP/1.1 {answer.status} X", *(f"{k}: {v}" for k, v in answer.headers.items())]
                conn.sendall("\r\n".join([*lines, f"Content-Length: {len(told)}", "", ""]).encode() + told)

    def _remember(self, body: bytes) -> None:
        try:
            tree = json.loads(body)
        except ValueError:
            return
        for kind in TABLE[self.provider]:
            if kind.told:
                self.told[kind.what] |= {value for value in _under(tree, kind.told) if len(value) > 3}


def _under(node: Any, names: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _under(item, names)
    if isinstance(node, dict):
        for name, value in node.items():
            if name in names and isinstance(value, str):
                yield value
            yield from _under(value, names)


_WORDS: Final = ("message", "details", "error_message", "reason")


def _quoting(answer: Response, raw: bytes) -> bytes:
    """The provider's no, with all it was sent in its words."""
    try:
        tree = json.loads(answer.body)
    except ValueError:
        return answer.body
    _quote(tree, raw.decode("latin-1"))
    return json.dumps(tree).encode()


def _quote(node: Any, words: str) -> None:
    if isinstance(node, dict) and "code" in node:  # SessionM's message may be there
        node.setdefault("message", "")
    for name, value in list(node.items()) if isinstance(node, dict) else []:
        if name in _WORDS and isinstance(value, str):
            node[name] = f"{value} {words}"
        _quote(value, words)
