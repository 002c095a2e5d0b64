"""The hook that lets a call in: the api_key's segment of the path, and HTTP Basic (sheet, section 1).

May live here: one `httpx.Auth`. May not: where keys come from, a call of its own.

The api_key is part of every path, so a request is built with the segment `~` in its place: what the engine holds,
journals and logs shows no key. Only here, on its way out, does the path get it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Generator
from typing import Final
from urllib.parse import quote

import httpx

from stampcard_adapters.sessionm.settings import SessionMKeys

__all__ = ["APPS", "PLACE", "SessionMAuth"]

APPS: Final = "/priv/v1/apps/"
PLACE: Final = "~"
"""Stands for the api_key wherever it may be seen."""
_BUILT: Final = f"{APPS}{PLACE}/".encode()


class SessionMAuth(httpx.Auth):
    """Puts the key into the path, and key and secret into `Authorization`. Keeps every other byte of the target.

    keys: asked at every request, so a rotation needs no restart; it must not block. Serves many threads.
    """

    def __init__(self, keys: Callable[[], SessionMKeys]) -> None:
        self._keys = keys

    def __repr__(self) -> str:
        return "SessionMAuth()"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises ValueError, so that nothing is sent, for a target that has no place for the key."""
        keys, built = self._keys(), request.url.raw_path
        if not built.startswith(_BUILT):
            raise ValueError("the target has no place for the key")
        # Both values stay in expressions: a crash reporter prints the locals of this frame.
        request.url = request.url.copy_with(
            raw_path=APPS.encode() + quote(keys.api_key.reveal(), safe="").encode() + built[len(_BUILT) - 1 :]
        )
        if not request.url.raw_path.endswith(built[len(_BUILT) - 1 :]):
            raise ValueError("the target would be rewritten on its way")
        request.headers["Authorization"] = "Basic " + _pair(keys)
        yield request


def _pair(keys: SessionMKeys) -> str:
    return base64.b64encode(f"{keys.api_key.reveal()}:{keys.secret.reveal()}".encode()).decode()
