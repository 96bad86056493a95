"""History: what the nodes did over time: utilisation, memory, power, energy, and which deployments held what.

Owns: the tables of samples and of holdings, how often they are written, how long they are kept, and the sums over them.
Must not: read machines (inventory does), know models or tenants. Tests: tests/unit/compute/test_history.py.
"""

from jixi.compute.history._history import History
from jixi.compute.history._values import PACE_S, Past, Point, Series, Span, Stay, instant, span

__all__ = ["PACE_S", "History", "Past", "Point", "Series", "Span", "Stay", "instant", "span"]
