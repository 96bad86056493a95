"""`jixi doctor`: what is wrong, and how to mend it."""

import json
from pathlib import Path

from tests.behaviour.commands import jixi

MODEL = "models/smollm2-135m-instruct/q4-1/SmolLM2-135M-Instruct.Q4_1.gguf"


def test_a_sound_machine_has_nothing_to_mend(tmp_path: Path) -> None:
    done = jixi("doctor", "--json", "--data-dir", "data", home=tmp_path)
    findings = json.loads(done.stdout)
    assert done.returncode == 0, findings
    assert len(findings) >= 8
    assert all(finding["ok"] for finding in findings)
    assert not (tmp_path / "data").exists()


def test_a_damaged_model_is_named_with_what_to_do(tmp_path: Path) -> None:
    assert jixi("models", "pull", "smollm2", "--data-dir", "data", home=tmp_path).returncode == 0
    with (tmp_path / "data" / MODEL).open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    done = jixi("doctor", "--data-dir", "data", home=tmp_path)
    assert done.returncode == 1
    assert "damaged" in done.stdout
    assert "jixi models pull smollm2-135m-instruct" in done.stdout


def test_a_folder_that_cannot_be_used_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    done = jixi("doctor", "--json", "--data-dir", "data", home=tmp_path)
    assert done.returncode == 1
    wrong = [finding for finding in json.loads(done.stdout) if not finding["ok"]]
    assert [finding["name"] for finding in wrong if "data" in finding["name"]]
    assert all(finding["remedy"] for finding in wrong)


def test_broken_settings_are_told_as_serve_tells_them(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text("prot = 1")
    done = jixi("doctor", home=tmp_path)
    assert done.returncode == 2
    assert "(settings_invalid)" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_setting_is_printed_with_its_origin_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "jixi.toml").write_text('currency = "USD"\n')
    secret = "postgresql://jixi:hunter2@db/jixi"
    env = {"JIXI_PORT": "9000", "JIXI_DATABASE_URL": secret}
    done = jixi("doctor", "--settings", "--json", "--data-dir", "data", home=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    found = {each["name"]: (each["value"], each["source"]) for each in json.loads(done.stdout)}
    assert found["port"][0] == "9000"
    assert "JIXI_PORT" in found["port"][1]
    assert "jixi.toml" in found["currency"][1]
    assert "data-dir" in found["data_dir"][1] or "flag" in found["data_dir"][1]
    assert found["max_body_bytes"][1] == "default"
