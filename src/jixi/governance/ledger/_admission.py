"""Whether a call may be made: all of its scopes take it, or none does."""

from jixi.core.errors import JixiError
from jixi.governance.ledger._gauge import Demand, Gauge, wait_of


def admit(gauges: list[Gauge], demand: Demand) -> JixiError | None:
    """Take `demand` from every scope, or from none; the error names the scope that is in the way longest.

    Invariant: what is taken always fits under every limit when it is taken, and nothing is refused that would fit.
    """
    refusals = [error for gauge in gauges if not gauge.fits(demand) and (error := gauge.refusal(demand))]
    if refusals:
        return max(refusals, key=wait_of)
    for gauge in gauges:
        gauge.take(demand)
    return None


def tally(gauges: list[Gauge], at_ms: int) -> JixiError | None:
    """Count one request in every scope, or in none; nothing else is asked of them."""
    refusals = [error for gauge in gauges if (error := gauge.too_often(at_ms))]
    if refusals:
        return max(refusals, key=wait_of)
    for gauge in gauges:
        gauge.tally()
    return None


def settle(gauges: list[Gauge], demand: Demand, cost: int, tokens: int) -> None:
    """Give `demand` back, book `cost`, and count the tokens that were used."""
    for gauge in gauges:
        gauge.give_back(demand, cost, tokens)
