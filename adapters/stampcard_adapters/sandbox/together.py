"""Several providers at one address: each call goes to the one whose path it is.

May live here: which model a path belongs to. May not: any provider's rules, a socket.
"""

from __future__ import annotations

from typing import Final

from .http import Model, RequestLike, Response
from .jsontext import Json

__all__ = ["Together"]

_NOBODY: Final = b'{"code":404,"details":"Not found."}'


class Together:
    """A model of models. A path that is nobody's is answered 404."""

    def __init__(self, *models: Model) -> None:
        self._models = models

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Every provider's paths."""
        return tuple(prefix for model in self._models for prefix in model.prefixes)

    def handle(self, request: RequestLike, /) -> Response:
        """Answer one call, as the provider whose path it is."""
        path = request.target.partition("?")[0]
        for model in self._models:
            if any(path == prefix or path.startswith(f"{prefix}/") for prefix in model.prefixes):
                return model.handle(request)
        return Response(status=404, headers={"Content-Type": "application/json"}, body=_NOBODY)

    def tenants(self) -> dict[str, Json]:
        """Of every provider."""
        return {name: tenant for model in self._models for name, tenant in model.tenants().items()}

    def unbalanced(self) -> tuple[str, ...]:
        """Of every provider."""
        return tuple(sentence for model in self._models for sentence in model.unbalanced())
