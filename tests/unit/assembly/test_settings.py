"""Settings: one order of sources, errors that name key and place, no secret in print."""

from pathlib import Path

import pytest

from jixi.assembly.settings import DeploymentSetting, Settings, load_settings
from jixi.core.errors import JixiError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("JIXI_DATA_DIR", "JIXI_CONFIG", "JIXI_PORT"):
        monkeypatch.delenv(name, raising=False)


def _write(text: str) -> Path:
    path = Path("jixi.toml")
    path.write_text(text, encoding="utf-8")
    return path


def test_a_flag_beats_a_variable_and_a_variable_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    _write('port = 1111\nlog_level = "error"\ncurrency = "USD"')
    monkeypatch.setenv("JIXI_PORT", "2222")
    monkeypatch.setenv("JIXI_LOG_LEVEL", "debug")
    settings, sources = load_settings(port=3333, host=None)
    assert (settings.port, settings.log_level, settings.currency) == (3333, "debug", "USD")
    origin = {entry.name: entry.source for entry in sources}
    assert origin["port"] == "--port"
    assert origin["log_level"] == "JIXI_LOG_LEVEL"
    assert origin["currency"] == "jixi.toml"
    assert origin["host"] == "default"


def test_every_setting_is_explained_and_listed_with_its_source() -> None:
    settings, sources = load_settings()
    assert [entry.name for entry in sources] == list(type(settings).model_fields)
    assert [name for name, field in type(settings).model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", ["'prot'", "jixi.toml", "no such setting"]),
        ("port = 99999", ["'port'", "jixi.toml", "65535"]),
        ('[[deployments]]\nname = "a"\ncontxt = 5', ["deployments.0.contxt", "no such setting"]),
        ('[[deployments]]\nname = "a"\nmodel = "x"\npath = "y"', ["deployments.0", "one of 'model'"]),
        ('[[deployments]]\nname = "a"\ngpus = 1.5', ["deployments.0.gpus", "whole"]),
        ('[[deployments]]\nname = "a"\n[[deployments]]\nname = "a"', ["same name"]),
        ('tls_key = "k.pem"', ["belong together"]),
    ],
)
def test_a_wrong_setting_is_an_error_that_names_the_key_and_the_file(text: str, words: list[str]) -> None:
    _write(text)
    with pytest.raises(JixiError) as caught:
        load_settings()
    assert caught.value.code == "settings_invalid"
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_file_that_is_not_toml_is_an_error_of_its_own() -> None:
    _write("port = = 1")
    with pytest.raises(JixiError, match=r"jixi\.toml.*line 1"):
        load_settings()


def test_a_file_that_is_named_but_missing_is_an_error() -> None:
    with pytest.raises(JixiError, match=r"nowhere\.toml"):
        load_settings(Path("nowhere.toml"))


def test_an_unknown_variable_of_ours_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIXI_PROT", "1")
    with pytest.raises(JixiError, match="JIXI_PROT"):
        load_settings()


def test_a_password_is_never_printed_whichever_way_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIXI_DATABASE_URL", "postgresql://jixi:hunter2@db/jixi")
    settings, sources = load_settings()
    assert "hunter2" not in repr(sources) + repr(settings) + str(settings)
    assert {entry.name: entry.value for entry in sources}["database_url"] == "postgresql://jixi:***@db/jixi"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "jixi.example.com"])
def test_an_address_open_to_others_needs_tls_or_a_proxy(host: str) -> None:
    with pytest.raises(JixiError) as caught:
        load_settings(host=host)
    assert caught.value.code == "public_address_refused"
    assert load_settings(host=host, behind_proxy=True).settings.host == host


def test_a_trusted_proxy_is_an_address_or_a_network() -> None:
    with pytest.raises(JixiError) as caught:
        load_settings(trusted_proxies=("ingress",))
    assert (caught.value.code, "trusted_proxies" in caught.value.message("en")) == ("settings_invalid", True)
    found = load_settings(trusted_proxies=("10.0.0.0/8", "192.0.2.7")).settings
    assert found.trusted_proxies == ("10.0.0.0/8", "192.0.2.7")


def test_host_names_are_allowed_by_name_without_port() -> None:
    settings, _ = load_settings(
        trusted_hosts=("Models.Example.com:443",), public_url="https://jixi.example.com"
    )
    assert settings.allowed_hosts >= {
        "models.example.com",
        "jixi.example.com",
        "localhost",
        "127.0.0.1",
        "::1",
    }
    assert settings.is_https


def test_a_scale_is_the_same_in_every_process() -> None:
    deployment = DeploymentSetting.model_validate({"name": "m", "scale": {"least": 0, "most": 2}})
    told = Settings(deployments=(deployment,)).spelled_out()
    assert Settings(**told).deployments == (deployment,)
    with pytest.raises(ValueError, match="one of 'replicas' and 'scale'"):
        DeploymentSetting.model_validate({"name": "m", "replicas": 2, "scale": {"most": 2}})
