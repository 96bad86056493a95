"""The three-way checker: what callers were promised, what the engine made, what the ledger charged must agree."""

from collections import Counter
from dataclasses import dataclass

from tests.faults.callers import Callers
from tests.faults.ground import PRICE, Ground, Made

_MICROS_PER_TOKEN = PRICE // 1_000_000


@dataclass(frozen=True)
class Verdict:
    """What did not agree, and what was looked at."""

    acknowledged: int
    charged: int
    tokens: int
    outcomes: Counter[str]
    uncharged: frozenset[str]
    """Acknowledged, and not charged as such."""
    unexplained: frozenset[str]
    """Charged, and never given to an engine or to a caller."""
    unbilled: frozenset[str]
    """The engine made tokens for it, and nothing was charged."""
    mispriced: frozenset[str]
    """Charged another sum than its tokens cost."""
    discrepancies: tuple[str, ...]
    """Accounts whose sums are not those of their charges and holds."""

    def wrong(self) -> dict[str, object]:
        """Every disagreement; empty where the three journals agree."""
        found: dict[str, object] = {
            "uncharged": self.uncharged,
            "unexplained": self.unexplained,
            "unbilled": self.unbilled,
            "mispriced": self.mispriced,
            "discrepancies": self.discrepancies,
        }
        return {name: value for name, value in found.items() if value}

    def __str__(self) -> str:
        return (
            f"{self.acknowledged} acknowledged, {self.charged} charged {dict(self.outcomes)}, "
            f"{self.tokens} tokens, wrong: {self.wrong() or 'nothing'}"
        )


async def judge(ground: Ground, *swarms: Callers, made: dict[str, Made] | None = None) -> Verdict:
    """Join the journals. Call it when nothing runs any more and nothing is held. `made`: by which engines."""
    charges, made = ground.charges(), ground.made() if made is None else made
    acknowledged = {name: tokens for swarm in swarms for name, tokens in swarm.acknowledged.items()}
    seen = {answer.request_id for swarm in swarms for answer in swarm.answers}
    return Verdict(
        acknowledged=len(acknowledged),
        charged=len(charges),
        tokens=sum(charge.output_tokens for charge in charges.values()),
        outcomes=Counter(charge.outcome for charge in charges.values()),
        uncharged=frozenset(
            name
            for name, tokens in acknowledged.items()
            if (charge := charges.get(name)) is None
            or (charge.outcome, charge.output_tokens) != ("ok", tokens)
        ),
        unexplained=frozenset(
            name
            for name, charge in charges.items()
            if name not in made and name not in seen and charge.output_tokens
        ),
        unbilled=frozenset(name for name, each in made.items() if each.tokens and name not in charges),
        mispriced=frozenset(
            name
            for name, charge in charges.items()
            if charge.micros != (charge.input_tokens + charge.output_tokens) * _MICROS_PER_TOKEN
        ),
        discrepancies=tuple(await ground.discrepancies()),
    )
