"""Trust and proxy, read once for either transport.

May live here: what a user sets about the connection. May not: anything that connects.
"""

from __future__ import annotations

import base64
import functools
import ssl
from pathlib import Path
from typing import Final

import attrs
import httpx

__all__ = ["KEEP_IDLE", "Proxy", "trust"]

KEEP_IDLE: Final = 4.0
"""Seconds an idle connection is kept: just under the 5 s after which common servers hang up on it unseen."""


@functools.cache
def _default() -> ssl.SSLContext:
    context = httpx.create_ssl_context()  # loading the CA bundle takes 30 ms and more: once for all senders
    context.set_alpn_protocols(["http/1.1"])
    return context


def trust(verify: ssl.SSLContext | str | bool) -> ssl.SSLContext:
    """True: the usual authorities. A path: a CA bundle (a file, or a folder of hashed ones). False: anyone."""
    if isinstance(verify, ssl.SSLContext):
        return verify
    if verify is True:
        return _default()
    if verify is False:
        context = httpx.create_ssl_context(verify=False)
    elif Path(verify).is_dir():
        context = ssl.create_default_context(capath=verify)
    else:
        context = ssl.create_default_context(cafile=verify)
    context.set_alpn_protocols(["http/1.1"])
    return context


@attrs.frozen(kw_only=True)
class Proxy:
    """An HTTP proxy: https goes through its tunnel, http is forwarded."""

    url: str
    authorization: str | None = attrs.field(repr=False)

    @classmethod
    def parse(cls, text: str | None) -> Proxy | None:
        """http://[user:password@]host[:port], else ValueError. Inside one's own network, hence without TLS."""
        if text is None:
            return None
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL as error:
            raise ValueError("proxy is not a URL") from error
        if url.scheme != "http" or not url.host or url.path != "/" or url.query:
            raise ValueError("proxy is http://[user:password@]host[:port]")
        authorization = None
        if url.userinfo:
            pair = f"{url.username}:{url.password}".encode()
            authorization = "Basic " + base64.b64encode(pair).decode()
        return cls(url=str(url.copy_with(username=None, password=None)), authorization=authorization)
