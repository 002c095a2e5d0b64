"""The heart: a step is a generator without I/O, driven by a till or a simulator.

    load order -> decide (edge exists? all guards) -> build request -> append intent -> send -> read -> append outcome

`effects` are what it yields; `verb` gives a step its three faces; `wish` is what was asked; `look` reads an order;
`fire` is the step itself; `conclude` writes its ending; `recover` settles an ending nobody knows; `view` is what a till
is shown of an order, its errors included.
"""

from stampcard.step.effects import Effect, Step, perform
from stampcard.step.verb import Async, M, Mode, Plan, Provider, Seat, Seated, Sync, verb

__all__ = ["Async", "Effect", "M", "Mode", "Plan", "Provider", "Seat", "Seated", "Step", "Sync", "perform", "verb"]
