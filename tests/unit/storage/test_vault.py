"""Secrets open in their own place under their own key, and in no other way."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jixi.core.errors import JixiError
from jixi.storage import Vault

PLACE = ("platform", "prv_1", "credential")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.key"


@pytest.fixture
def vault(path: Path) -> Vault:
    return Vault(path)


def refused(vault: Vault, sealed: str, *place: str) -> JixiError:
    with pytest.raises(JixiError) as caught:
        vault.open(sealed, *(place or PLACE))
    assert caught.value.code == "secret_unreadable"
    return caught.value


@pytest.mark.parametrize("secret", [b"", b"sk-abc", "密钥".encode(), bytes(range(256)) * 100])
def test_what_was_sealed_opens_again(vault: Vault, secret: bytes) -> None:
    sealed = vault.seal(secret, *PLACE)
    assert vault.open(sealed, *PLACE) == secret
    assert not secret or secret not in base64.b64decode(sealed.partition(".")[2])


def test_the_same_secret_never_looks_the_same_twice(vault: Vault) -> None:
    assert len({vault.seal(b"sk-abc", *PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "place",
    [
        ("platform", "prv_2", "credential"),
        ("platform", "prv_1", "other"),
        ("tenant", "prv_1", "credential"),
        ("platform", "prv_1credential", ""),
        ("platformprv_1", "", "credential"),
        (),
    ],
)
def test_a_secret_that_was_moved_to_another_place_does_not_open(vault: Vault, place: tuple[str, ...]) -> None:
    sealed = vault.seal(b"sk-abc", *PLACE)
    with pytest.raises(JixiError, match="belongs elsewhere"):
        vault.open(sealed, *place)


def test_no_single_changed_byte_goes_unnoticed(vault: Vault) -> None:
    sealed = vault.seal(b"sk-abc", *PLACE)
    raw = bytearray(base64.b64decode(sealed.partition(".")[2]))
    for at in range(len(raw)):
        raw[at] ^= 1
        refused(vault, "v1." + base64.b64encode(raw).decode())
        raw[at] ^= 1
    assert vault.open("v1." + base64.b64encode(raw).decode(), *PLACE) == b"sk-abc"


@given(st.text())
def test_text_that_was_never_sealed_is_refused_with_words(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        refused(Vault(Path(folder) / "vault.key"), text)


def test_a_cut_secret_is_refused(vault: Vault) -> None:
    sealed = vault.seal(b"sk-abc", *PLACE)
    for length in range(len(sealed)):
        refused(vault, sealed[:length])


def test_a_lost_key_is_named_and_breaks_nothing_else(vault: Vault, path: Path) -> None:
    sealed = vault.seal(b"sk-abc", *PLACE)
    path.unlink()
    other = Vault(path)
    error = refused(other, sealed)
    assert str(path) in error.message()
    assert other.open(other.seal(b"new", *PLACE), *PLACE) == b"new"


def test_rotation_seals_anew_without_a_change_of_the_secret(vault: Vault, path: Path) -> None:
    before = vault.seal(b"sk-abc", *PLACE)
    vault.add_key()
    assert not vault.is_current(before)
    assert vault.open(before, *PLACE) == b"sk-abc"
    after = vault.rewrap(before, *PLACE)
    assert vault.is_current(after)
    assert vault.renewed(after, *PLACE) is None
    assert vault.is_current(vault.renewed(before, *PLACE) or "")
    assert vault.drop_old_keys() == 1
    assert Vault(path).open(after, *PLACE) == b"sk-abc"
    refused(vault, before)


def test_a_secret_from_another_place_cannot_be_rewrapped_into_this_one(vault: Vault) -> None:
    sealed = vault.seal(b"sk-abc", *PLACE)
    vault.add_key()
    with pytest.raises(JixiError, match="belongs elsewhere"):
        vault.rewrap(sealed, "platform", "prv_2", "credential")


def test_another_process_finds_a_key_that_was_added_meanwhile(vault: Vault, path: Path) -> None:
    other = Vault(path)
    vault.add_key()
    assert other.open(vault.seal(b"sk-abc", *PLACE), *PLACE) == b"sk-abc"
    assert vault.open(other.seal(b"sk-def", *PLACE), *PLACE) == b"sk-def"


def test_the_key_file_is_its_owners_alone(vault: Vault, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    vault.add_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("text", "mode"),
    [("", 0o600), ("not a key", 0o600), ("c2hvcnQ=", 0o600), ("密", 0o600), (None, 0o644)],
)
def test_a_key_file_that_is_no_good_says_why(path: Path, text: str | None, mode: int) -> None:
    if text is None:
        Vault(path)
    else:
        path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    with pytest.raises(JixiError) as caught:
        Vault(path)
    assert caught.value.code == "vault_key_unusable"
    assert str(path) in caught.value.message()


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(JixiError, match="cannot be used"):
        Vault(tmp_path / "missing" / "vault.key")
