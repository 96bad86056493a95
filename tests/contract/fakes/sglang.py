"""SGLang as its command line sees it: the flags of `sglang serve` 0.5.23 that Jixi sends, with their kinds.

They were read from sglang/srt/server_args.py and sglang/srt/arg_groups/fields of that release. Any other flag, a
shortened one included, ends the fake as it would end SGLang.
"""

import argparse
import asyncio
import sys

_NUMBERS = ("port", "context-length", "max-running-requests", "tp-size", "pp-size", "max-lora-rank")
_FLAGS = ("is-embedding", "disable-radix-cache", "enable-metrics", "enable-cache-report", "enable-lora")
_TEXTS = ("model-path", "served-model-name", "host", "dtype", "quantization", "kv-cache-dtype", "api-key")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser("sglang", allow_abbrev=False)
    made.add_argument("subcommand", choices=["serve"])
    for name in _TEXTS:
        made.add_argument(f"--{name}", required=name == "model-path")
    for name in _NUMBERS:
        made.add_argument(f"--{name}", type=int)
    for name in _FLAGS:
        made.add_argument(f"--{name}", action="store_true")
    made.add_argument("--mem-fraction-static", type=float)
    made.add_argument("--tool-call-parser")
    made.add_argument("--reasoning-parser")
    made.add_argument("--lora-paths", type=str, nargs="*")
    made.add_argument("--allowed-media-domains", type=str, nargs="+")
    return made


def main() -> None:
    from sglang.server import Served, serve

    told = parser().parse_args(sys.argv[1:])
    if not told.api_key:
        sys.exit("on a port a key is needed")
    served = Served(
        model=told.served_model_name,
        context=told.context_length,
        metric="sglang:generation_tokens_total",
        # It is the base's name, a colon and the adapter's that it is asked for by.
        adapters=frozenset(
            f"{told.served_model_name}:{each.partition('=')[0]}" for each in told.lora_paths or ()
        ),
        kinds=frozenset({"embeddings"} if told.is_embedding else {"chat/completions", "completions"}),
        key=told.api_key,
    )
    asyncio.run(serve(served, port=told.port, host=told.host))
