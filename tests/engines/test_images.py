"""The `diffusers` engine on a tiny random pipeline: real steps, real files, the same image for the same seed."""

import asyncio
import base64
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jixi.models.engines import EngineClient
from tests.engines.conftest import Start, python_of

pytestmark = pytest.mark.timeout(900)
_TINY = Path(__file__).with_name("tiny.py")


@pytest.fixture(scope="module")
def python() -> Path:
    return python_of("diffusers")


async def paint(client: EngineClient, **fields: Any) -> tuple[int, Any]:
    body = json.dumps({"model": "m", "prompt": "a cat", **fields}).encode()
    response = await client.send("/v1/images/generations", body)
    return response.status, json.loads(await response.read())


async def _steps(client: EngineClient) -> int:
    return json.loads(await (await client.send("/progress", method="GET")).read())["steps"]


async def test_images_are_made_step_by_step_and_by_their_seed(
    start: Start, python: Path, tmp_path: Path
) -> None:
    subprocess.run([str(python), str(_TINY), "pipeline", str(tmp_path)], check=True, timeout=300)
    files = {"model": tmp_path / "pipeline"}
    async with start("diffusers", python, files, steps=3, size=32, most_pixels=64 * 64) as client:
        before = await _steps(client)
        status, answer = await paint(client, n=2, seed=7, size="64x32")
        assert status == 200, answer
        assert await _steps(client) >= before + 6
        images = [base64.b64decode(entry["b64_json"]) for entry in answer["data"]]
        assert [image[:8] for image in images] == [b"\x89PNG\r\n\x1a\n"] * 2
        assert struct.unpack(">II", images[0][16:24]) == (64, 32)
        assert images[0] != images[1]
        _, again = await paint(client, seed=8, size="64x32")
        assert base64.b64decode(again["data"][0]["b64_json"]) == images[1]
        _, packed = await paint(client, output_format="jpeg")
        assert base64.b64decode(packed["data"][0]["b64_json"])[:2] == b"\xff\xd8"
        for size in ("63x64", "128x128", "8x8"):
            status, refused = await paint(client, size=size)
            assert (status, refused["error"]["param"]) == (400, "size")
        leaver = asyncio.create_task(paint(client, n=10))
        async with asyncio.timeout(60):
            began = await _steps(client)
            while await _steps(client) == began:
                await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.wait({leaver})
        status, _ = await paint(client)
        assert status == 200
        # Ten images are thirty steps: most of those were not made for nobody.
        assert await _steps(client) < began + 20
