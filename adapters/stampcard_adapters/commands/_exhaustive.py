"""The enumerated world in pieces, on as many processors as one likes.

May live here: cutting the work, handing it out, adding it up. May not: a case (`stampcard.simulate`), an option.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Final

import attrs

from stampcard.simulate import Cases, Exhausted, Path, paths, untroubled
from stampcard_adapters.simulate import PLAIN

__all__ = ["enumerated"]

_PARTS: Final = 11
"""Of the some twenty troubles of one step: so that a piece takes seconds."""


@attrs.frozen
class _Piece:
    """One part of the cases whose first trouble strikes the same step. along: all paths of this world."""

    provider: str
    variant: str
    along: tuple[Path, ...]
    beginning: Path
    part: tuple[int, int]
    pairs: bool

    @property
    def world(self) -> str:
        return f"{self.provider}, {self.variant}"


def enumerated(
    worlds: Sequence[tuple[str, str]], *, pairs: bool, jobs: int, progress: Callable[[int, int, int], None]
) -> dict[str, Exhausted]:
    """World -> what was enumerated of it. worlds: provider and variant, as in `PLAIN`.

    progress: told pieces done, pieces in all, cases done.
    """
    with untroubled():
        pieces = sorted(_pieces(worlds, pairs=pairs), key=lambda piece: len(piece.beginning))
    found = {f"{provider}, {variant}": Exhausted() for provider, variant in worlds}
    cases = 0
    progress(0, len(pieces), 0)
    for done, (piece, counted) in enumerate(_run(pieces, jobs), start=1):
        found[piece.world].add(counted)
        cases += counted.cases
        progress(done, len(pieces), cases)
    return found


def _pieces(worlds: Sequence[tuple[str, str]], *, pairs: bool) -> Iterator[_Piece]:
    parts = _PARTS if pairs else 1
    for provider, variant in worlds:
        make = PLAIN[provider][variant]
        along = tuple(paths(make))
        for beginning in Cases(make, along).beginnings:
            for n in range(parts):
                yield _Piece(provider, variant, along, beginning, (n, parts), pairs)


def _run(pieces: Iterable[_Piece], jobs: int) -> Iterator[tuple[_Piece, Exhausted]]:
    if jobs == 1:
        for piece in pieces:
            yield piece, _one(piece)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(_one, piece): piece for piece in pieces}
        try:
            for future in as_completed(running):
                yield running[future], future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _one(piece: _Piece) -> Exhausted:
    with untroubled() as sweep:
        cases = Cases(PLAIN[piece.provider][piece.variant], piece.along, sweep=sweep)
        return cases.run(piece.beginning, pairs=piece.pairs, part=piece.part)
