"""The whole way with real models: text read out by one deployment is heard by the other, through OpenAI's SDK."""

from pathlib import Path

import openai
import pytest

from jixi.assembly.settings import DeploymentSetting, Settings
from tests.behaviour.servers import administrator, new_key, running, wait_until_ready
from tests.engines.conftest import python_of
from tests.engines.weights import CACHE, kokoro, whisper_base

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module", autouse=True)
def installed() -> None:
    for name in ("kokoro", "whisper"):
        python_of(name)


def test_what_a_deployment_says_another_hears(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "environments").symlink_to(CACHE / "environments")
    settings = Settings(
        data_dir=data,
        port=0,
        starter="none",
        offline=True,
        deployments=(
            DeploymentSetting(name="reader", engine="kokoro", files=kokoro()),
            DeploymentSetting(name="listener", engine="whisper", path=whisper_base()),
        ),
    )
    text = "Thank you for calling. We are open from nine to five."
    with running(settings) as server, administrator(server) as admin:
        wait_until_ready(admin, 2)
        key = new_key(admin)
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0, timeout=300) as client:
            sound = client.audio.speech.create(
                model="reader", voice="bella", input=text, response_format="mp3"
            )
            said = client.audio.transcriptions.create(
                model="listener", file=("said.mp3", sound.read()), response_format="verbose_json"
            )
            assert "nine to five" in said.text.lower().replace("9 to 5", "nine to five")
            assert said.language == "en"
            with pytest.raises(openai.BadRequestError) as refused:
                client.audio.transcriptions.create(model="listener", file=("a.mp3", b"this is no sound"))
            assert refused.value.param == "file"
        charges = admin.get("/api/charges").json()["items"]
        done = {each["kind"]: each for each in charges if each["outcome"] == "ok"}
        assert done["speech"]["units"] == len(text)
        assert done["transcriptions"]["units"] == -(-said.duration // 1)
        assert not any(each["estimated"] for each in done.values())
        assert admin.get("/api/engines/whisper").json()["deployed_as"] == ["listener"]
