"""Tiny random models of whatever transformers has in its registry, from their configurations."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

TEXTS = ("the quick brown fox jumps over the lazy dog", "a fox sleeps")
TARGET = "a lazy dog"

_MOST_NUMBERS = 1e8
"""Models of more are not tiny."""

# Sizes by the names that configurations have for them. What is not named keeps its default.
SIZES: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("hidden_size", "d_model", "n_embd", "dim", "embed_dim", "emb_dim", "embedding_size"),
            *("word_embed_proj_dim", "d_embed", "model_dim", "backbone_hidden_size", "width"),
            *("projection_dim", "decoder_hidden_size", "encoder_hidden_size", "text_dim"),
        ),
        32,
    ),
    **dict.fromkeys(
        (
            *("num_hidden_layers", "n_layer", "n_layers", "num_layers", "num_decoder_layers"),
            *("encoder_layers", "decoder_layers", "num_encoder_layers", "n_encoder_layers"),
            "depth",
        ),
        2,
    ),
    **dict.fromkeys(
        (
            *("num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads"),
            *("decoder_attention_heads", "num_encoder_attention_heads", "attention_heads"),
            *("num_decoder_attention_heads", "swa_num_attention_heads"),
        ),
        4,
    ),
    **dict.fromkeys(("num_key_value_heads", "num_kv_heads", "swa_num_key_value_heads"), 2),
    **dict.fromkeys(("head_dim", "d_kv", "d_head", "attention_head_size", "swa_head_dim"), 8),
    **dict.fromkeys(
        (
            *("intermediate_size", "ffn_dim", "d_ff", "n_inner", "encoder_ffn_dim", "hidden_dim"),
            *("decoder_ffn_dim", "d_inner", "feed_forward_size", "ffn_hidden_size", "ffn_dim"),
        ),
        48,
    ),
    **dict.fromkeys(
        (
            *("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length"),
            *("max_source_positions", "max_target_positions", "max_sequence_length"),
            *("max_encoder_position_embeddings", "max_decoder_position_embeddings"),
        ),
        128,
    ),
    **dict.fromkeys(
        (
            *("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"),
            "expert_num",
        ),
        4,
    ),
    **dict.fromkeys(("num_experts_per_tok", "moe_k", "experts_per_token", "moe_topk", "top_k"), 2),
    **dict.fromkeys(("n_group", "topk_group", "n_shared_experts", "num_shared_experts"), 1),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("q_lora_rank", "moe_shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("kv_lora_rank",), 12),
    **dict.fromkeys(("qk_nope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("qk_rope_head_dim",), 4),
    **dict.fromkeys(("sliding_window", "local_attention", "window_size"), 4),
    **dict.fromkeys(("mamba_d_state", "state_size", "ssm_state_size", "mamba_dt_rank"), 8),
    **dict.fromkeys(("image_size", "crop_size"), 16),
    **dict.fromkeys(("patch_size",), 4),
    "initializer_range": 0.4,
    "init_std": 0.4,
    "initializer_factor": 1.5,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
    "cls_token_id": 1,
    "mask_token_id": 4,
    "mamba_n_heads": 8,
    "mamba_n_groups": 1,
    "n_mamba_heads": 2,
    "full_attention_interval": 2,
    "rotary_dim": 4,
    "attention_window": 4,
    "decoder_start_token_id": 1,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
}

# Beside that, where keys and values are made from a latent vector (DeepSeek).
LATENT = {"head_dim": 4, "num_key_value_heads": 4}

# What single configurations need beside that: sizes that have to fit one another.
OWN: dict[str, dict[str, Any]] = {
    "qwen3_next": {"num_hidden_layers": 4},
    "qwen3_5_text": {"num_hidden_layers": 4},
    "lfm2": {"num_hidden_layers": 4},
    "lfm2_moe": {"num_hidden_layers": 4},
    "zamba": {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2},
    "zamba2": {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2},
    "reformer": {"axial_pos_embds": False, "attn_layers": ["local", "lsh"]},
    "funnel": {"block_sizes": [1, 1], "block_repeats": [1, 1]},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "num_layers": 2},
    "longformer": {"attention_window": [4, 4]},
    "jamba": {"num_hidden_layers": 4, "attn_layer_period": 2, "attn_layer_offset": 1},
    "bamba": {"num_hidden_layers": 4, "attn_layer_indices": [1, 3], "mamba_d_head": 8},
    "minimax": {
        "num_hidden_layers": 4,
        "layer_types": ["linear_attention", "full_attention"] * 2,
    },
}


_MARKS = {"pad": "pad", "bos": "s", "eos": "/s", "unk": "unk", "mask": "mask"}


def tokenizer() -> Any:
    """Words as they are, between <s> and </s>."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = sorted({word for text in (*TEXTS, TARGET) for word in text.split()})
    vocabulary = ["<pad>", "<s>", "</s>", "<unk>", "<mask>", *words]
    vocabulary += [f"word{n}" for n in range(64 - len(vocabulary))]
    backend = Tokenizer(models.WordLevel({t: n for n, t in enumerate(vocabulary)}, "<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        **{f"{name}_token": f"<{mark}>" for name, mark in _MARKS.items()},
        model_input_names=["input_ids", "attention_mask"],
    )


def tiny(config_class: Any, words: int, own: Mapping[str, Any] | None = None) -> Any:
    """A configuration of a class with small sizes, and those of its parts."""
    plain = config_class()
    kept = dict(own or {})
    given = dict(_small({**plain.to_dict(), **vars(plain)}, words))
    for name, part in (getattr(config_class, "sub_configs", None) or {}).items():
        with contextlib.suppress(Exception):
            given[name] = tiny(part, words, kept.pop(name, None)).to_dict()
    given.update(kept)
    for _ in range(8):
        try:
            return config_class(**given)
        except Exception as error:
            # A size that this configuration works out by itself, or that it checks.
            culprit = next((n for n in given if n in str(error) and n not in kept), None)
            if culprit is None:
                raise
            del given[culprit]
    return config_class(**given)


def _small(held: Mapping[str, Any], words: int) -> Iterator[tuple[str, Any]]:
    latent = LATENT if "kv_lora_rank" in held else {}
    for name, value in held.items():
        if name in latent:
            yield name, latent[name]
        elif name in SIZES and not isinstance(value, list | tuple | dict):
            yield name, SIZES[name]
        elif name == "vocab_size" or (name.endswith("_vocab_size") and name != "type_vocab_size"):
            yield name, words
        elif name in {"layer_types", "mlp_layer_types", "layers_block_type"} and value:
            yield name, list(value)[: SIZES["num_hidden_layers"]]


def make(kind: str, folder: Path, own: Mapping[str, Any] | None = None) -> Any:
    """Build and save a model of one kind.

    Args:
        kind: as transformers' registry calls it.
        folder: where it is saved.
        own: what its configuration says beside small sizes; None takes what it needs.

    Returns:
        The model, set to its eager attention.
    """
    import torch
    from transformers import MODEL_MAPPING, AutoConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    words = tokenizer()
    config = tiny(CONFIG_MAPPING[kind], len(words), OWN.get(kind) if own is None else own)
    known = MODEL_MAPPING[type(config)]
    model_class = known[0] if isinstance(known, tuple) else known
    name = model_class.main_input_name
    if name != "input_ids":
        raise ValueError(f"reads {name}")
    with torch.device("meta"):
        count = sum(p.numel() for p in model_class._from_config(config).parameters())  # noqa: SLF001
    if count > _MOST_NUMBERS:
        raise ValueError(f"{count:,} numbers are not tiny")
    torch.manual_seed(7)
    model = model_class._from_config(config, attn_implementation="eager").eval()  # noqa: SLF001
    for name, weights in model.named_parameters():
        if "sink" in name:
            torch.nn.init.normal_(weights)
        elif weights.ndim == 2 and float(weights.detach().std()) < 0.1:
            torch.nn.init.normal_(weights, std=0.4)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    AutoConfig.from_pretrained(folder)
    return model
