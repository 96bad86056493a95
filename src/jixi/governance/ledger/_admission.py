"""Whether money may be set aside: the rule itself, free of any database."""

from dataclasses import dataclass

from jixi.core.errors import JixiError, problem


@dataclass(kw_only=True, slots=True)
class Account:
    """What one tenant or key may spend in one month, in micro-units; `limit` None means no limit."""

    scope_id: str
    month: str
    limit: int | None
    spent: int
    held: int

    @property
    def left(self) -> int | None:
        return None if self.limit is None else self.limit - self.spent - self.held


def admit(accounts: list[Account], amount: int, currency: str) -> JixiError | None:
    """Set `amount` aside in every account, or in none; the error names the account that is short.

    Invariant: held money always fits under the limit when it is set aside, and nothing is refused that would fit.
    """
    for account in accounts:
        left = account.left
        if left is not None and amount > left:
            return problem(
                "budget_exceeded",
                scope=account.scope_id.partition("_")[0].replace("ten", "tenant"),
                needed=_money(amount, currency),
                left=_money(max(left, 0), currency),
            )
    for account in accounts:
        account.held += amount
    return None


def settle(accounts: list[Account], amount: int, cost: int) -> None:
    """Give the hold of `amount` back and book `cost`."""
    for account in accounts:
        account.held -= amount
        account.spent += cost


def _money(micros: int, currency: str) -> str:
    return f"{micros // 1_000_000}.{micros % 1_000_000:06d} {currency}"
