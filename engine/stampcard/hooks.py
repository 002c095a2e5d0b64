"""The auth hook of each tenant: what `Adapter.auth` answers with at most providers.

May live here: whose hook it is, and how long it is kept. May not: a signature or a token (`stampcard.signing`,
`stampcard.tokens`), a provider's name.

    self._hooks = TenantHooks(settings.auth, settings.keys_of, lambda keys: kibo_auth(settings.token_url, keys))

    def auth(self, site: Site, /) -> httpx.Auth:
        return self._hooks(site)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import httpx

from stampcard.model import Site

__all__ = ["TenantHooks"]

K = TypeVar("K")


class TenantHooks(Generic[K]):
    """The integrator's own hook, else one for each tenant, kept: it may hold a token, or know which key worked.

    own: the settings' `auth`. keys_of: a tenant's keys now; raises ConfigurationError where there are none. make: a
    tenant's hook; it is given the way to ask for the keys, so that changed ones need no restart. anew: a hook is made
    again when the keys have changed, for one that cannot ask. Safe to share between threads.
    """

    def __init__(
        self,
        own: httpx.Auth | Callable[[Site], httpx.Auth] | None,
        keys_of: Callable[[str], K],
        make: Callable[[Callable[[], K]], httpx.Auth],
        *,
        anew: bool = False,
    ) -> None:
        self._own = own
        self._keys_of = keys_of
        self._make = make
        self._anew = anew
        self._held: dict[str, tuple[K, httpx.Auth]] = {}
        self._lock = threading.Lock()

    def __call__(self, site: Site, /) -> httpx.Auth:
        """The hook of this site's tenant. Raises ConfigurationError for a tenant without keys."""
        if self._own is not None:
            return self._own if isinstance(self._own, httpx.Auth) else self._own(site)
        keys = self._keys_of(site.tenant)  # a tenant without keys is told before anything is journalled
        with self._lock:
            held = self._held.get(site.tenant)
            if held is None or (self._anew and held[0] != keys):
                held = (keys, self._make(partial(self._keys_of, site.tenant)))
                self._held[site.tenant] = held
            return held[1]
