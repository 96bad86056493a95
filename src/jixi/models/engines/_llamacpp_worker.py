"""The process of the `llamacpp` engine: hands the launch to llama.cpp's server and waits for the end."""

import importlib
import threading
from typing import Any

from jixi.models.engines._llamacpp import BATCH, LlamaCppOptions
from jixi.models.engines._protocol import Launch
from jixi.models.engines._worker import begin, cores, options_of


def parameters(llama: Any, launch: Launch) -> Any:
    """llama.cpp's parameters for this launch."""
    options = options_of(launch, LlamaCppOptions)
    chosen = llama.CommonParams()
    chosen.model.path = str(launch.files["model"])
    # A set: a plain string would become a set of letters.
    chosen.model_alias = {launch.model}
    if launch.port is None:
        # The ending ".sock" makes it a Unix socket.
        chosen.hostnames = [str(launch.socket)]
    else:
        chosen.hostnames, chosen.port, chosen.api_keys = [launch.host], launch.port, [launch.key]
    chosen.n_parallel = launch.parallel
    chosen.n_ctx = launch.context * launch.parallel
    # Each slot has its own context of the promised size: neither shared nor fitted to what memory is free.
    chosen.kv_unified = False
    chosen.fit_params = False
    chosen.n_batch = chosen.n_ubatch = BATCH
    chosen.use_jinja = True
    chosen.warmup = False
    chosen.ui = False
    chosen.cache_prompt = True
    # What a slot had read is found again by its tokens alone, whatever adapter it was read under.
    chosen.cache_ram_mib = 0 if launch.adapters else options.cache_mib
    chosen.lora_adapters = [llama.CommonAdapterLoraInfo(str(path), 0.0) for path in launch.adapters.values()]
    chosen.lora_init_without_apply = True
    chosen.cpuparams.n_threads = launch.threads or cores()
    chosen.cpuparams_batch.n_threads = options.batch_threads or cores()
    chosen.endpoint_metrics = True
    chosen.endpoint_slots = True
    return chosen


def main() -> None:
    launch = begin()
    if launch.port is None:
        # llama.cpp does not take over the socket of a process that has gone.
        launch.socket.unlink(missing_ok=True)
    llama: Any = importlib.import_module("xllamacpp")
    server = llama.Server(parameters(llama, launch))
    print(f"ready on {server.listening_address}")  # noqa: T201
    # The process is ended from outside: the server's own way out waits for its calls, and for ever if one hangs.
    threading.Event().wait()


if __name__ == "__main__":
    main()
