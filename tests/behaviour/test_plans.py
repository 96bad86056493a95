"""Plans and chips over HTTP: every figure with its origin, every gap with its name."""

from typing import Any, Final

from tests.behaviour.people import MODEL, Person

H100: Final = {"chip": "nvidia-h100-sxm-80gb"}
TRAINING: Final[dict[str, Any]] = {
    "model": "qwen3-8b",
    "tokens": 1e12,
    "hardware": H100,
    "fleet": {"accelerators": 64},
}
SERVING: Final[dict[str, Any]] = {"model": "qwen3-8b", "users": 500, "hardware": H100}
OWN: Final[dict[str, Any]] = {
    "name": "ours",
    "parameters": 8_190_000_000,
    "layers": 36,
    "hidden": 4096,
    "heads": 32,
    "kv_heads": 8,
    "head_size": 128,
    "feed_forward": 12288,
    "vocabulary": 151936,
}


def figures(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {figure["name"]: figure for figure in plan["figures"]}


async def test_every_figure_of_a_training_plan_says_where_it_comes_from(admin: Person) -> None:
    answer = await admin.post("/api/plans/training", json=TRAINING)
    assert answer.status_code == 200, answer.text
    plan = answer.json()
    found = figures(plan)
    flops = found["model_flops"]
    assert (flops["formula"], flops["unit"]) == ("k * active_parameters * tokens", "FLOP")
    assert flops["value"] == found["k"]["value"] * found["active_parameters"]["value"] * 1e12
    assert set(flops["inputs"]) == {"k", "active_parameters", "tokens"}
    assert found["utilisation"]["marked"]
    assert "arXiv:2407.21783" in found["utilisation"]["source"]
    assert (found["peak"]["origin"], found["peak"]["marked"]) == ("chip", False)
    assert plan["layout"] == plan["layouts"][0]
    seen = set[str]()
    for figure in plan["figures"]:
        assert set(figure["inputs"]) <= seen, figure
        assert (figure["formula"] is not None) == (figure["origin"] == "computed")
        seen.add(figure["name"])


async def test_figures_and_their_sources_are_named_in_the_callers_language(admin: Person) -> None:
    chinese = {"Accept-Language": "zh-CN"}
    body = SERVING | {"tornado": "rented"}
    english = (await admin.post("/api/plans/serving", json=body)).json()
    plan = (await admin.post("/api/plans/serving", json=body, headers=chinese)).json()
    load = figures(plan)["load"]
    assert (load["label"], load["source"]) == ("副本负载上限", "规划器的假设，请填写您自己的数值")
    assert figures(english)["load"]["label"] == "load of replicas at most"
    assert {swing["name"]: swing["label"] for swing in plan["tornado"]["swings"]}[
        "rental"
    ] == "单卡每小时租金"
    same = ("name", "value", "unit", "formula", "marked")
    assert [[each[part] for part in same] for each in plan["figures"]] == [
        [each[part] for part in same] for each in english["figures"]
    ]


async def test_a_value_that_is_given_replaces_the_assumption_and_loses_its_mark(admin: Person) -> None:
    fleet = {"accelerators": 64, "utilisation": 0.5}
    plan = (await admin.post("/api/plans/training", json=TRAINING | {"fleet": fleet})).json()
    assert figures(plan)["utilisation"] | {"source": None} == {
        "name": "utilisation",
        "label": "utilisation",
        "value": 0.5,
        "unit": "1",
        "origin": "given",
        "formula": None,
        "inputs": [],
        "source": None,
        "marked": False,
    }


async def test_a_model_of_own_facts_is_planned_like_that_of_the_store(admin: Person) -> None:
    plans = [
        (await admin.post("/api/plans/serving", json=SERVING | {"model": model})).json()
        for model in ("qwen3-8b", OWN)
    ]
    sizes = [figures(plan)["cache_sequence"]["value"] for plan in plans]
    assert sizes[0] == sizes[1]
    assert [plan["model"] for plan in plans] == ["qwen3-8b", "ours"]


async def test_a_model_without_facts_is_refused_with_those_that_it_lacks(admin: Person) -> None:
    made = (await admin.post("/api/models", json=MODEL)).json()
    for model in (made["id"], {"name": "bare", "parameters": 7_000_000_000}):
        answer = await admin.post("/api/plans/serving", json=SERVING | {"model": model})
        assert (answer.status_code, answer.json()["code"]) == (422, "planner_facts_missing")


async def test_a_price_that_nobody_says_is_named_and_the_rest_is_there(admin: Person) -> None:
    wanted = SERVING | {"site": {"currency": "CNY"}}
    answer = await admin.post("/api/plans/serving", json=wanted, headers={"Accept-Language": "zh"})
    plan = answer.json()
    assert {what: reason["code"] for what, reason in plan["lacking"].items()} == {
        "owned_cost": "planner_value_missing",
        "rented_cost": "planner_value_missing",
    }
    assert "缺少 rental" in plan["lacking"]["rented_cost"]["message"]
    assert figures(plan)["energy"]["unit"] == "kWh/month"
    refused = await admin.post("/api/plans/serving", json=wanted | {"tornado": "rented"})
    assert (refused.status_code, refused.json()["code"]) == (422, "planner_value_missing")


async def test_accelerators_are_told_how_many_users_they_serve(admin: Person) -> None:
    wanted = {"model": "qwen3-8b", "hardware": H100, "accelerators": 8}
    plan = (await admin.post("/api/plans/serving", json=wanted)).json()
    assert plan["capacity"]["users"] > 1000
    assert plan["capacity"]["longest_context"] > 10_000
    neither = await admin.post("/api/plans/serving", json={"model": "qwen3-8b", "hardware": H100})
    assert neither.json()["code"] == "planner_value_missing"
    both = await admin.post("/api/plans/serving", json=wanted | {"users": 5})
    assert (both.status_code, both.json()["code"]) == (400, "invalid_value")


async def test_a_tornado_shows_the_widest_swing_first(admin: Person) -> None:
    plan = (await admin.post("/api/plans/training", json=TRAINING | {"tornado": "rented"})).json()
    tornado = plan["tornado"]
    assert tornado["cost"] == figures(plan)["rented_cost"]["value"]
    widths = [abs(swing["result_high"] - swing["result_low"]) for swing in tornado["swings"]]
    assert widths == sorted(widths, reverse=True)
    assert {"rental", "tokens", "utilisation"} <= {swing["name"] for swing in tornado["swings"]}


async def test_a_comparison_ranks_by_cost_and_says_what_does_not_fit(admin: Person) -> None:
    options: list[dict[str, Any]] = [
        {"kind": "owned", "name": "own", "hardware": H100, "site": {"purchase": 29_000}},
        {"kind": "rented", "name": "rented", "hardware": H100},
        {"kind": "rented", "name": "int4", "hardware": H100, "weights": "int4"},
        {"kind": "api", "name": "provider", "input_price": 1, "output_price": 3},
        {"kind": "edge", "name": "edge", "hardware": {"chip": "l4", "memory_gib": 1}},
    ]
    wanted = {"model": "qwen3-8b", "users": 500, "options": options}
    answer = await admin.post("/api/plans/comparison", json=wanted)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    months = [option["month"] for option in found["options"]]
    assert months == sorted(months)
    own = found["options"][0]
    paid = figures(own)["purchase"]
    assert (own["name"], paid["value"], paid["origin"]) == ("own", 29_000, "given")
    assert [(each["name"], each["reason"]["code"]) for each in found["unfit"]] == [
        ("edge", "planner_does_not_fit")
    ]
    turn = next(each for each in found["break_evens"] if each["above"] == "own")
    assert (turn["below"], turn["reached"]) == ("provider", True)
    twice = await admin.post("/api/plans/comparison", json=wanted | {"options": [options[0]] * 2})
    assert twice.json()["code"] == "invalid_value"
    dearer = [options[3] | {"name": "other"}, options[3]]
    no_volume = await admin.post("/api/plans/comparison", json=wanted | {"options": dearer})
    assert no_volume.json()["code"] == "planner_value_missing"


async def test_a_comparison_says_what_moves_the_month_of_the_option_that_is_named(admin: Person) -> None:
    site = {"purchase": 2_000}
    options: list[dict[str, Any]] = [
        {"kind": "owned", "name": "own", "hardware": H100, "site": {"purchase": 29_000}},
        {"kind": "rented", "name": "rent", "hardware": H100},
        {"kind": "edge", "name": "edge", "hardware": {"chip": "l4"}, "site": site, "users_per_device": 5},
        {"kind": "api", "name": "provider", "input_price": 1, "output_price": 3},
        {"kind": "edge", "name": "tiny", "hardware": {"chip": "l4", "memory_gib": 1}},
    ]
    wanted = {"model": "qwen3-8b", "users": 500, "options": options}
    plain = (await admin.post("/api/plans/comparison", json=wanted)).json()
    assert plain["tornado"] is None
    months = {option["name"]: option["month"] for option in plain["options"]}
    for name, inputs in (
        ("own", {"purchase", "electricity_price", "lifetime_years", "power_w", "users"}),
        ("rent", {"rental", "users", "output_tokens"}),
        ("edge", {"purchase", "lifetime_years", "power_w", "users_per_device"}),
        ("provider", {"input_price", "output_price", "million_tokens"}),
    ):
        found = (await admin.post("/api/plans/comparison", json=wanted | {"tornado": name})).json()
        tornado = found["tornado"]
        assert (tornado["option"], tornado["cost"]) == (name, months[name])
        assert inputs <= {swing["name"] for swing in tornado["swings"]}, name
        widths = [abs(swing["result_high"] - swing["result_low"]) for swing in tornado["swings"]]
        assert widths == sorted(widths, reverse=True)
        assert widths[0] > 0
    # The reason why it cannot be compared stands beside it.
    unfit = (await admin.post("/api/plans/comparison", json=wanted | {"tornado": "tiny"})).json()
    assert (unfit["tornado"], unfit["unfit"][0]["name"]) == (None, "tiny")
    nobody = await admin.post("/api/plans/comparison", json=wanted | {"tornado": "nobody"})
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (400, "tornado")


async def test_absurd_numbers_and_unknown_chips_are_refused_by_name(admin: Person) -> None:
    for change, status, code in (
        ({"tokens": -1}, 422, "planner_value_out_of_range"),
        ({"tokens": "1e12"}, 400, "invalid_value"),
        ({"hardware": {"chip": "abacus"}}, 404, "planner_chip_unknown"),
        ({"model": "nobody"}, 404, "not_found"),
        ({"fleet": {"accelerators": 1}}, 422, "planner_does_not_fit"),
        ({"layout": {"tensor": 3}}, 422, "planner_values_contradict"),
    ):
        answer = await admin.post("/api/plans/training", json=TRAINING | change)
        assert (answer.status_code, answer.json()["code"]) == (status, code), change


async def test_a_problem_names_the_input_that_it_is_about(admin: Person) -> None:
    for change, field in (
        ({"users": -1}, "users"),
        ({"engine": {"load": 2}}, "load"),
        ({"hardware": {"chip": "abacus"}}, "chip"),
        ({"model": {"name": "bare", "parameters": 7_000_000_000}}, "model"),
    ):
        found = (await admin.post("/api/plans/serving", json=SERVING | change)).json()
        assert found["errors"] == [{"field": field, "message": found["detail"]}], change


async def test_chips_are_listed_and_each_tells_its_sources(admin: Person) -> None:
    listed = (await admin.get("/api/chips")).json()["items"]
    assert len(listed) > 25
    for chip in listed:
        one = (await admin.get(f"/api/chips/{chip['id']}")).json()
        assert one["sources"]
        assert {name: value for name, value in one.items() if name != "sources"} == chip
    assert (await admin.get("/api/chips/abacus")).json()["code"] == "not_found"
