"""vLLM as its command line sees it: the flags of `vllm serve` 0.32.0 that Jixi sends, with their kinds and choices.

They were read from vllm/engine/arg_utils.py and vllm/entrypoints/launchers/cli_args.py of that release. Any other flag,
a shortened one included, ends the fake as it would end vLLM.
"""

import argparse
import asyncio
import importlib
import sys

_RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("vllm", allow_abbrev=False)
    made.add_argument("subcommand", choices=["serve"])
    made.add_argument("model_tag")
    made.add_argument("--served-model-name", nargs="+")
    made.add_argument("--uds")
    made.add_argument("--host")
    made.add_argument("--port", type=int)
    made.add_argument("--api-key")
    made.add_argument("--middleware", action="append", default=[])
    made.add_argument("--max-model-len", type=int)
    made.add_argument("--max-num-seqs", type=int)
    made.add_argument("--tensor-parallel-size", type=int)
    made.add_argument("--pipeline-parallel-size", type=int)
    made.add_argument("--gpu-memory-utilization", type=float)
    made.add_argument("--dtype", choices=["auto", "half", "float16", "bfloat16", "float", "float32"])
    made.add_argument("--quantization")
    made.add_argument(
        "--kv-cache-dtype", choices=["auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2", "fp8_inc"]
    )
    made.add_argument("--runner", choices=["auto", "generate", "pooling", "draft"])
    for name in ("enable-prefix-caching", "enable-auto-tool-choice", "enforce-eager", "enable-lora"):
        made.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    for name in ("enable-prompt-tokens-details", "disable-uvicorn-access-log", "disable-fastapi-docs"):
        made.add_argument(f"--{name}", action=argparse.BooleanOptionalAction)
    made.add_argument("--tool-call-parser")
    made.add_argument("--reasoning-parser")
    made.add_argument("--max-lora-rank", type=int, choices=_RANKS)
    made.add_argument("--lora-modules", nargs="+")
    made.add_argument("--allowed-media-domains", nargs="+")
    return made


def main() -> None:
    from vllm.server import Served, serve

    told = parser().parse_args(sys.argv[1:])
    pooling = told.runner == "pooling"
    served = Served(
        model=told.served_model_name[0],
        context=told.max_model_len,
        metric="vllm:generation_tokens_total",
        adapters=frozenset(each.partition("=")[0] for each in told.lora_modules or ()),
        kinds=frozenset({"embeddings"} if pooling else {"chat/completions", "completions"}),
    )
    if told.uds is None:
        # vLLM imports what it is named, and asks for its key at /v1 alone.
        guards = [getattr(importlib.import_module(m), name) for m, _, name in map(_parts, told.middleware)]
        served.key, served.guarded = told.api_key, bool(guards)
    asyncio.run(serve(served, path=told.uds, host=told.host, port=told.port))


def _parts(middleware: str) -> tuple[str, str, str]:
    return middleware.rpartition(".")
