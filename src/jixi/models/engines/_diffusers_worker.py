"""The process of the `diffusers` engine: /v1/images/generations in OpenAI's form."""

import base64
import importlib
import io
import secrets
import threading
import time
from typing import Any, Final, Literal

import msgspec

from jixi.models.engines._diffusers import DiffusersOptions
from jixi.models.engines._protocol import Launch
from jixi.models.engines._serving import Desk, RefusedError, run_desk
from jixi.models.engines._worker import begin, cores, folder_of, options_of

_GRID: Final = 8
_LEAST: Final = 16
_QUALITY: Final = 95


class Request(msgspec.Struct, frozen=True, kw_only=True):
    prompt: str
    n: int = 1
    size: str | None = None
    seed: int | None = None
    negative_prompt: str | None = None
    output_format: Literal["png", "jpeg", "webp"] = "png"


class LeftError(Exception):
    """The caller has gone in the middle of an image."""


class Painter(Desk):
    """A pipeline. Between steps it is noticed when the caller has gone."""

    def __init__(self, launch: Launch, options: DiffusersOptions) -> None:
        super().__init__(launch.model)
        self._options = options
        self._torch: Any = importlib.import_module("torch")
        self._torch.set_num_threads(launch.threads or cores())
        cuda = self._torch.cuda.is_available() if options.device == "auto" else options.device == "cuda"
        precision = ("bfloat16" if cuda else "float32") if options.precision == "auto" else options.precision
        library: Any = importlib.import_module("diffusers")
        self._pipeline = library.DiffusionPipeline.from_pretrained(
            folder_of(launch),
            torch_dtype=getattr(self._torch, precision),
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
        ).to("cuda" if cuda else "cpu")
        self._pipeline.set_progress_bar_config(disable=True)

    async def paint(self, body: bytes) -> bytes:
        request = msgspec.json.decode(body, type=Request)
        size = self._size(request.size)
        first = secrets.randbelow(2**31) if request.seed is None else request.seed
        left, data = threading.Event(), list[dict[str, str]]()
        try:
            for number in range(request.n):
                image = await self.do(self._draw, request, size, first + number, left)
                data.append({"b64_json": image})
        except BaseException:
            left.set()
            raise
        fields = {"created": int(time.time()), "data": data, "output_format": request.output_format}
        return msgspec.json.encode(fields | {"size": f"{size[0]}x{size[1]}", "model": self.name})

    def _size(self, asked: str | None) -> tuple[int, int]:
        """Width and height; raises RefusedError."""
        if asked in (None, "auto"):
            return self._options.size, self._options.size
        width, _, height = (asked or "").partition("x")
        if not (width.isdecimal() and height.isdecimal()):
            raise RefusedError("'size' is WIDTHxHEIGHT", "size")
        sides = int(width), int(height)
        if (
            any(side % _GRID or side < _LEAST for side in sides)
            or sides[0] * sides[1] > self._options.most_pixels
        ):
            most = self._options.most_pixels
            raise RefusedError(
                f"sides are multiples of {_GRID}, from {_LEAST} on; {most} pixels at most", "size"
            )
        return sides

    def _draw(self, request: Request, size: tuple[int, int], seed: int, left: threading.Event) -> str:
        def note(_pipeline: Any, _step: int, _time: Any, kept: dict[str, Any]) -> dict[str, Any]:
            self.steps += 1
            if left.is_set():
                raise LeftError
            return kept

        more: dict[str, Any] = (
            {} if self._options.guidance is None else {"guidance_scale": self._options.guidance}
        )
        if request.negative_prompt is not None:
            more["negative_prompt"] = request.negative_prompt
        made = self._pipeline(
            request.prompt,
            width=size[0],
            height=size[1],
            num_inference_steps=self._options.steps,
            generator=self._torch.Generator("cpu").manual_seed(seed % 2**63),
            callback_on_step_end=note,
            **more,
        )
        out = io.BytesIO()
        made.images[0].save(out, request.output_format.upper(), quality=_QUALITY)
        return base64.b64encode(out.getvalue()).decode()


def main() -> None:
    launch = begin()
    painter = Painter(launch, options_of(launch, DiffusersOptions))
    run_desk(painter, launch, {b"/v1/images/generations": painter.paint})


if __name__ == "__main__":
    main()
