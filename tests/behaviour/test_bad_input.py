"""Files that no engine may read, and engines that do not come up: the console's door says why, in both languages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from jixi.assembly.house import House, open_house
from jixi.assembly.settings import DeploymentSetting, Settings
from jixi.models.deployments import DeploymentSpec, Reason
from tests.behaviour.people import Person
from tests.unit.formats.files import BROKEN as FILES

BROKEN: Final = {name.split()[-1]: content for name, content in FILES.items()} | {"empty": b""}
_WITHIN_S: Final = 60


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose settings name broken files of one's own, and an engine that ends at once."""
    deployments = [
        DeploymentSetting(name="ends", engine="stub", options={"exit_at_start": 7}),
    ]
    for name, content in BROKEN.items():
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(content)
        deployments.append(DeploymentSetting(name=name, engine="llamacpp", path=path))
    settings = Settings(
        data_dir=tmp_path / "data",
        starter="none",
        offline=True,
        ledger_writer="thread",
        deployments=tuple(deployments),
    )
    async with open_house(settings) as opened:
        yield opened


async def reason(person: Person, name: str, language: str) -> dict[str, Any]:
    listed = await person.get("/api/deployments", headers={"accept-language": language})
    (found,) = [each for each in listed.json()["items"] if each["name"] == name]
    return found


async def test_a_broken_file_fails_with_the_reason_and_no_engine_reads_it(
    admin: Person, house: House
) -> None:
    for name in BROKEN:
        english, chinese = [await reason(admin, name, language) for language in ("en", "zh")]
        assert (english["state"], english["reason"]["code"]) == ("failed", "model_file_refused")
        assert f"{name}.gguf" in english["reason"]["message"]
        assert "refus" in english["reason"]["message"].lower()
        assert chinese["reason"]["message"] != english["reason"]["message"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese["reason"]["message"])
        assert f"{name}.gguf" in chinese["reason"]["message"]
        refused = await admin.post("/v1/chat/completions", json={"model": name, "messages": [{}]})
        assert refused.status_code in (400, 401, 503)
    statuses = {each.name: each for each in house.fleet.models()}
    assert [name for name in BROKEN if statuses[name].pid is not None] == []


async def test_an_engine_that_ends_at_once_says_how_while_it_is_tried_again(admin: Person) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while (found := await reason(admin, "ends", "en"))["reason"] is None:
            await asyncio.sleep(0)
    assert found["state"] == "starting"
    assert (found["reason"]["code"], "status 7" in found["reason"]["message"]) == ("exited", True)
    assert "状态码 7" in (await reason(admin, "ends", "zh"))["reason"]["message"]


@pytest.mark.parametrize(
    ("facts", "english", "chinese"),
    [
        ({"status": 7, "last": "exited"}, "The engine ended with status 7.", "引擎已退出，状态码 7。"),
        (
            {"seconds": 180, "last": "start_timeout"},
            "did not get ready within 180 s",
            "引擎在 180 秒内未能就绪。",
        ),
    ],
    ids=["dies", "never ready"],
)
async def test_an_engine_that_fails_in_a_loop_is_told_with_the_last_of_its_failures(
    admin: Person, house: House, facts: dict[str, Any], english: str, chinese: str
) -> None:
    spec = DeploymentSpec(name="loops", engine="stub")
    house.fleet.expect(spec, "failed", Reason("crash_loop", {"crashes": 5, **facts}))
    found = (await reason(admin, "loops", "en"))["reason"]
    assert "5 times in a row" in found["message"]
    assert english in found["message"]
    assert found["remedy"]
    assert chinese in (await reason(admin, "loops", "zh"))["reason"]["message"]
