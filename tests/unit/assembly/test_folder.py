"""The data folder: private, outside the program, one server at a time."""

import os
from pathlib import Path

import pytest

import jixi
from jixi.assembly.settings import locked_folder, prepare_folder
from jixi.core.errors import JixiError


def test_a_new_folder_belongs_to_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    prepare_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


def test_a_file_in_the_folders_place_is_refused_and_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(JixiError, match="it is a file"):
        prepare_folder(place)
    assert place.read_text(encoding="utf-8") == "mine"


def test_a_place_where_no_folder_can_be_made_is_refused() -> None:
    with pytest.raises(JixiError) as caught:
        prepare_folder(Path("/proc/jixi"))
    assert caught.value.code == "data_dir_unusable"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable for the superuser")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "sealed"
    folder.mkdir(mode=0o500)
    with pytest.raises(JixiError, match="Permission denied"):
        prepare_folder(folder)


def test_a_folder_inside_the_program_is_refused_also_through_a_link(tmp_path: Path) -> None:
    package = Path(jixi.__file__).parent
    (tmp_path / "link").symlink_to(package)
    for place in (package / "data", package.parents[1] / "data", tmp_path / "link" / "data"):
        with pytest.raises(JixiError, match="lies inside"):
            prepare_folder(place)
        assert not place.exists()


def test_a_second_server_is_told_which_process_has_the_folder(tmp_path: Path) -> None:
    with locked_folder(tmp_path), pytest.raises(JixiError, match=str(os.getpid())), locked_folder(tmp_path):
        pass
    with locked_folder(tmp_path):
        assert (tmp_path / "server.lock").exists()
