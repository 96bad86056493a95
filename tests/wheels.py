"""Wheels that tests make: an index is a folder, so that no test installs anything from a network."""

import zipfile
from collections.abc import Mapping
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, files: Mapping[str, str]) -> None:
    """Put a pure wheel of `files` (path inside the package folder to text) into `folder`."""
    package = name.replace("-", "_")
    info = f"{package}-{version}.dist-info"
    meta = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{package}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in {**files, **meta}.items():
            wheel.writestr(path, text)
        names = "".join(f"{path},,\n" for path in [*files, *meta, f"{info}/RECORD"])
        wheel.writestr(f"{info}/RECORD", names)


def index_of(folder: Path) -> dict[str, str]:
    """What tells pip that `folder` is all there is."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": "/dev/null"}
