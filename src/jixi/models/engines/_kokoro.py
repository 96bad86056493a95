"""The `kokoro` engine: text to speech with Kokoro-82M, Chinese and English, on ONNX Runtime."""

from typing import Final

import msgspec

from jixi.compute.drivers import Command
from jixi.core.errors import problem
from jixi.core.principal import Scope
from jixi.models.engines._footprint import MIB, Footprint, Load
from jixi.models.engines._protocol import Launch, Profile
from jixi.models.engines._worker import options_of, worker_command

_ROLES: Final = ("model", "vocab")


class KokoroOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    voices: dict[str, str] = {}
    """Other names for voices, such as alloy = "af_alloy". A name without its prefix is known without that."""


class KokoroEngine:
    """Speech, sentence by sentence as it is made. Files: the model, its vocabulary, and each voice under a role that
    begins with "voice" (a file NAME.bin, or a folder of them).
    """

    name: Final = "kokoro"
    profile: Final = Profile(
        kinds=frozenset({Scope.SPEECH}),
        progress="/progress",
        imports=("onnxruntime", "av", "misaki", "pypinyin", "rjieba", "cn2an"),
        requirements=(
            "onnxruntime==1.32.0",
            "av==18.1.0",
            "numpy==2.4.6",
            "misaki==0.9.4",
            "ordered-set==4.1.0",
            "pypinyin==0.55.0",
            "cn2an==0.5.24",
            "rjieba==0.2.2",
        ),
    )

    def footprint(self, load: Load) -> Footprint:
        """The weights and, measured with the smallest, 400 MiB for the program and one sentence."""
        return Footprint(weights=load.weights, runtime=400 * MIB)

    def command(self, launch: Launch) -> Command:
        lacking = [role for role in _ROLES if role not in launch.files]
        if lacking or not any(role.startswith("voice") for role in launch.files):
            named = ", ".join(lacking or ["voice"])
            raise problem(
                "invalid_value", reason=f"{launch.model!r} names no file for {named}", param="files"
            )
        options_of(launch, KokoroOptions)
        return worker_command("jixi.models.engines._kokoro_worker", launch)
