"""The simulator."""

from stampcard.simulate.chance import Draw
from stampcard.simulate.scenario import Make, Scenario, Wish

__all__ = ["Draw", "Make", "Scenario", "Wish"]
