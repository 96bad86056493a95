"""What several processes see of the same replicas, put together."""

from jixi.models.gateway.routing import Everywhere, ReplicaNow, RouteNow


def route(
    in_flight: int, breaker: str = "closed", first_token_ms: int | None = None, name: str = "m"
) -> RouteNow:
    replica = ReplicaNow(
        id="m-0",
        in_flight=in_flight,
        waiting=1,
        limit=4,
        breaker="open" if breaker == "open" else "closed",
        failures=2 if breaker == "open" else 0,
        paused_s=7 if breaker == "open" else 0,
        first_token_ms=first_token_ms,
        tokens_per_second=1.5 * in_flight,
    )
    return RouteNow(name=name, kind="deployment", source="stub", state="ready", replicas=(replica,))


def test_calls_are_added_and_the_worst_breaker_and_the_longest_pause_are_shown() -> None:
    everywhere = Everywhere()
    everywhere.heard("gateway-1", [route(2, "open", 40)])
    everywhere.heard("gateway-2", [route(1), route(9, name="elsewhere")])
    (together,) = everywhere.over([route(0)])
    (replica,) = together.replicas
    assert (replica.in_flight, replica.waiting, replica.limit) == (3, 3, 4)
    assert (replica.breaker, replica.failures, replica.first_token_ms) == ("open", 2, 40)
    assert (replica.paused_s, replica.tokens_per_second) == (7, 4.5)


def test_a_replica_that_only_others_have_called_is_shown_as_they_see_it() -> None:
    everywhere = Everywhere()
    everywhere.heard("gateway-1", [route(2, "open", 40)])
    everywhere.heard("gateway-2", [route(1)])
    (together,) = everywhere.over([RouteNow(name="m", kind="deployment", source="stub", state="ready")])
    assert [(each.id, each.in_flight, each.breaker) for each in together.replicas] == [("m-0", 3, "open")]


def test_a_process_that_ended_is_forgotten() -> None:
    everywhere = Everywhere()
    everywhere.heard("gateway-1", [route(2)])
    everywhere.heard("gateway-1", [])
    assert everywhere.over([route(1)]) == [route(1)]
