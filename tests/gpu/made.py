"""A chat model of a given shape with random weights, for a machine that has an accelerator but no network.

    python tests/gpu/made.py qwen3-1.7b FOLDER

The shape is the catalogue's, so memory and speed are the real model's; what it says means nothing.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jixi.models.catalog import Architecture, Catalog

DOCS = Path(__file__).parents[2] / "docs"
MARKS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def make(model: str, folder: Path) -> Path:
    """Write config, tokenizer and weights of a Qwen3 of the catalogue into `folder`; raises `unknown_model`."""
    entry = Catalog.load().get(model)
    built = entry.architecture
    if built is None or entry.family != "Qwen3" or built.experts is not None:
        raise SystemExit(
            f"{model} is no dense Qwen3: of the others the names of their weights are not known here"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / "config.json", _config(built, entry.context or 32768))
    _tokenizer(folder, built.vocabulary)
    _weights(folder, built)
    return folder


def _write(path: Path, said: dict[str, Any]) -> None:
    path.write_text(json.dumps(said), encoding="utf-8")


def _config(built: Architecture, context: int) -> dict[str, Any]:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "torch_dtype": "bfloat16",
        "hidden_act": "silu",
        "rms_norm_eps": 1e-6,
        "rope_theta": 1_000_000,
        "attention_bias": False,
        "max_position_embeddings": context,
        "hidden_size": built.hidden_size,
        "intermediate_size": built.feed_forward,
        "num_hidden_layers": built.layers,
        "num_attention_heads": built.heads,
        "num_key_value_heads": built.kv_heads,
        "head_dim": built.head_size,
        "vocab_size": built.vocabulary,
        "tie_word_embeddings": built.tied_embeddings,
        "bos_token_id": 0,
        "eos_token_id": 2,
    }


def _tokenizer(folder: Path, vocabulary: int) -> None:
    """Pairs of bytes as these docs have them, and words that no text has: every token of the model is one of its."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learned.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=8192, special_tokens=list(MARKS), initial_alphabet=alphabet, show_progress=False
    )
    learned.train([str(path) for path in sorted(DOCS.rglob("*.md"))], trainer)
    said = json.loads(learned.to_str())
    known = said["model"]["vocab"]
    known |= {f"nobody{at}": at for at in range(len(known), vocabulary)}
    _write(folder / "tokenizer.json", said)
    _write(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": MARKS[2],
            "pad_token": MARKS[0],
            "chat_template": TEMPLATE,
        },
    )


def shapes(built: Architecture) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and the shape of each weight, as Qwen3's checkpoints have them."""
    hidden, inner = built.hidden_size, built.feed_forward or 4 * built.hidden_size
    queries, keys = built.heads * built.head_size, built.kv_heads * built.head_size
    yield "model.embed_tokens.weight", (built.vocabulary, hidden)
    for layer in range(built.layers):
        at = f"model.layers.{layer}"
        yield f"{at}.input_layernorm.weight", (hidden,)
        yield f"{at}.post_attention_layernorm.weight", (hidden,)
        yield f"{at}.self_attn.q_norm.weight", (built.head_size,)
        yield f"{at}.self_attn.k_norm.weight", (built.head_size,)
        yield f"{at}.self_attn.q_proj.weight", (queries, hidden)
        yield f"{at}.self_attn.k_proj.weight", (keys, hidden)
        yield f"{at}.self_attn.v_proj.weight", (keys, hidden)
        yield f"{at}.self_attn.o_proj.weight", (hidden, queries)
        yield f"{at}.mlp.gate_proj.weight", (inner, hidden)
        yield f"{at}.mlp.up_proj.weight", (inner, hidden)
        yield f"{at}.mlp.down_proj.weight", (hidden, inner)
    yield "model.norm.weight", (hidden,)
    if not built.tied_embeddings:
        yield "lm_head.weight", (built.vocabulary, hidden)


def _weights(folder: Path, built: Architecture) -> None:
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    place = "cuda" if torch.cuda.is_available() else "cpu"

    def weight(shape: tuple[int, ...]) -> Any:
        if len(shape) == 1:
            return torch.ones(shape, dtype=torch.bfloat16)
        made = torch.empty(shape, dtype=torch.bfloat16, device=place)
        return made.normal_(std=0.02).cpu()

    save_file(
        {name: weight(shape) for name, shape in shapes(built)}, folder / "model.safetensors", {"format": "pt"}
    )


def adapter(folder: Path, model: Mapping[str, Any]) -> Path:
    """A LoRA adapter in PEFT's form for a Qwen3 with this config, random too; returns its folder."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "adapter_config.json",
        {
            "peft_type": "LORA",
            "r": 8,
            "lora_alpha": 16,
            "target_modules": ["q_proj"],
            "task_type": "CAUSAL_LM",
        },
    )
    torch.manual_seed(0)
    tensors: dict[str, Any] = {}
    for layer in range(model["num_hidden_layers"]):
        at = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        tensors[f"{at}.lora_A.weight"] = torch.randn(8, model["hidden_size"], dtype=torch.bfloat16)
        tensors[f"{at}.lora_B.weight"] = torch.randn(
            model["num_attention_heads"] * model["head_dim"], 8, dtype=torch.bfloat16
        )
    save_file(tensors, folder / "adapter_model.safetensors", {"format": "pt"})
    return folder


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]))
