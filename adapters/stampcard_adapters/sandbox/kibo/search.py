"""The query of GET /order/ and GET /shipment (sheet, section 5, and codes 5010 to 5017).

May live here: parameters, their limits, one page of many rows. May not: what a row is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl

import attrs

from .errors import Problem, RefusedError
from .fields import Rules
from .tenants import Tenant

__all__ = ["Search", "read_search"]

PER_PAGE: Final = 10
MOST_PER_PAGE: Final = 100
WHOLE: Final = re.compile("[0-9]{1,15}", re.ASCII)
Found = TypeVar("Found")


@attrs.frozen(kw_only=True)
class Search:
    """A query, read. None: not asked for."""

    order_ids: frozenset[int] | None
    external_id: str | None
    statuses: frozenset[str] | None
    page: int
    per_page: int

    def paged(self, rows: Iterable[Found]) -> tuple[int, list[Found]]:
        """How many there are, and those of the page."""
        found: Sequence[Found] = list(rows)
        first = (self.page - 1) * self.per_page
        return len(found), list(found[first : first + self.per_page])


def read_search(query: str, status: str, rules: Rules, tenant: Tenant, *, by_external_id: bool) -> Search:
    """Read a query, or refuse it. `status` is the parameter's name: orderStatus or shipmentStatus."""
    supported = {"manufacturerID", "orderID", status, "perPage", "page"}
    if by_external_id:
        supported.add("externalOrderID")
    rows = parse_qsl(query, keep_blank_values=True)
    given = dict(rows)
    if not supported & given.keys():
        raise _refused(5017, "The query has no parameter this call knows.")
    if not given.keys() <= supported:
        raise _refused(5016, "The query has a parameter this call does not know.")
    if len(rows) > len(given):
        raise _refused(5014, "A parameter is given twice.")
    manufacturer = _whole(given, "manufacturerID", least=1)
    if manufacturer is None and "orderID" not in given and not rules.lenient:
        # statuses and external ids are a manufacturer's; only an orderID is anybody's
        raise _refused(5010, "manufacturerID is required.", field="manufacturerID")
    if manufacturer not in (None, tenant.manufacturer_id):
        raise _wrong("manufacturerID", "is not of this API key")
    per_page = _whole(given, "perPage", least=1)
    if per_page is not None and per_page > MOST_PER_PAGE:
        raise _wrong("perPage", f"must be at most {MOST_PER_PAGE}")
    external_id = _text(given, "externalOrderID")
    statuses = _text(given, status)
    return Search(
        order_ids=_ids(given),
        external_id=None if external_id is None else rules.stored(external_id),
        statuses=None if statuses is None else frozenset(statuses.split(",")),
        page=_whole(given, "page", least=1) or 1,
        per_page=per_page or PER_PAGE,
    )


def _text(given: dict[str, str], name: str) -> str | None:
    value = given.get(name)
    if value == "":
        raise _wrong(name, "must not be empty")
    return value


def _whole(given: dict[str, str], name: str, *, least: int) -> int | None:
    value = _text(given, name)
    if value is None:
        return None
    if not WHOLE.fullmatch(value) or int(value) < least:
        raise _wrong(name, f"must be a whole number of at least {least}")
    return int(value)


def _ids(given: dict[str, str]) -> frozenset[int] | None:
    value = _text(given, "orderID")
    if value is None:
        return None
    if not all(WHOLE.fullmatch(each) and int(each) for each in value.split(",")):
        raise _wrong("orderID", "must be order ids with commas between them")
    return frozenset(int(each) for each in value.split(","))


def _refused(code: int, message: str, *, field: str | None = None) -> RefusedError:
    return RefusedError(Problem(code=code, message=message, field=field))


def _wrong(name: str, why: str) -> RefusedError:
    return _refused(5014, f"{name} {why}.", field=name)
