"""The rule of admission against a plain model: nothing overdrawn, nothing refused that fits."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from jixi.governance.ledger import Account, admit, settle

_MONEY = st.integers(0, 10_000)
_LIMIT = st.none() | _MONEY


def _account(limit: int | None, spent: int = 0, held: int = 0) -> Account:
    return Account(scope_id="ten_a", month="2026-11", limit=limit, spent=spent, held=held)


@given(st.lists(st.tuples(_LIMIT, _MONEY, _MONEY), min_size=1, max_size=3), _MONEY)
def test_a_call_is_admitted_exactly_where_every_account_has_room(
    states: list[tuple[int | None, int, int]], amount: int
) -> None:
    accounts = [_account(*state) for state in states]
    fits = all(limit is None or spent + held + amount <= limit for limit, spent, held in states)
    refused = admit(accounts, amount, "CNY")
    assert (refused is None) == fits
    held = [account.held for account in accounts]
    assert held == [before + amount * fits for _, _, before in states]


class LedgerMachine(RuleBasedStateMachine):
    """Reserve and settle in any order on a tenant's and two keys' accounts, with calls that cost up to their hold."""

    holds = Bundle("holds")

    def __init__(self) -> None:
        super().__init__()
        self.tenant = _account(5_000)
        self.keys = {"key_a": _account(2_000), "key_b": _account(None)}
        self.open: dict[int, tuple[str, int]] = {}
        self.spent = 0
        self.made = 0

    @rule(target=holds, key=st.sampled_from(["key_a", "key_b"]), amount=st.integers(0, 800))
    def reserve(self, key: str, amount: int) -> int:
        room = min(
            account.limit - account.spent - account.held
            for account in (self.tenant, self.keys[key])
            if account.limit is not None
        )
        refused = admit([self.tenant, self.keys[key]], amount, "CNY")
        assert (refused is None) == (amount <= room)
        self.made += 1
        if refused is None:
            self.open[self.made] = (key, amount)
        return self.made

    @rule(hold=consumes(holds), share=st.floats(0, 1))
    def settle(self, hold: int, share: float) -> None:
        if hold in self.open:
            key, amount = self.open.pop(hold)
            cost = int(amount * share)
            settle([self.tenant, self.keys[key]], amount, cost)
            self.spent += cost

    @invariant()
    def the_books_agree_with_the_open_holds_and_the_costs(self) -> None:
        assert self.tenant.held == sum(amount for _, amount in self.open.values())
        assert self.tenant.spent == self.spent == sum(key.spent for key in self.keys.values())
        assert self.tenant.held == sum(key.held for key in self.keys.values())

    @invariant()
    def nothing_is_ever_overdrawn(self) -> None:
        assert self.tenant.spent + self.tenant.held <= 5_000
        assert self.keys["key_a"].spent + self.keys["key_a"].held <= 2_000


TestLedgerMachine = LedgerMachine.TestCase
