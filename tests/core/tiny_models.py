"""Tiny models with random weights and real tokenizers.

They are made here, and nothing is downloaded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

CORPUS = [
    "the quick brown fox jumps over the lazy dog",
    "a naïve café owner was unbelievably happy about unbelievable jumping foxes",
    "attention is all you need, said the 8 authors of the paper",
]
WORDS = sorted({word.strip(",") for line in CORPUS for word in line.split()})


def wordpiece() -> Any:
    """BERT's: [CLS] a [SEP] b [SEP]."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters]
    vocabulary += [f"##{c}" for c in letters] + ["un", "##believ", "##ably", "##ing", ","]
    vocabulary += [word for word in WORDS if word not in vocabulary and len(word) < 8]
    backend = Tokenizer(
        models.WordPiece({t: i for i, t in enumerate(vocabulary)}, unk_token="[UNK]")
    )
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )


def byte_level() -> Any:
    """GPT-2's: bytes, no special token around a text, and no padding token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(CORPUS * 3, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|endoftext|>",
        bos_token="<|endoftext|>",
        model_input_names=["input_ids", "attention_mask"],
    )


def unigram() -> Any:
    """T5's: SentencePiece marks, </s> after each text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = {c for line in CORPUS for c in line if c != " "}
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0)]
    pieces += [(c, -6.0) for c in sorted(letters)]
    pieces += [(f"▁{word}", -2.0) for word in WORDS if len(word) < 8]
    backend = Tokenizer(models.Unigram(pieces, unk_id=2))
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )


SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
}


def _decoder(**more: Any) -> dict[str, Any]:
    return {
        **SIZES,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 64,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
        "initializer_range": 0.4,
        **more,
    }


_ENCODER = {
    **SIZES,
    "max_position_embeddings": 64,
    "initializer_range": 0.4,
}
_CLIP = {
    **SIZES,
    "initializer_factor": 5.0,
    "image_size": 16,
    "patch_size": 4,
}
ENCODER_DECODER = {
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 3,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48,
    "decoder_ffn_dim": 48,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "decoder_start_token_id": 1,
}
_BART = {
    **ENCODER_DECODER,
    "max_position_embeddings": 64,
    "eos_token_id": 1,
    "forced_eos_token_id": 1,
    "init_std": 0.2,
}
_MODELS: dict[str, tuple[str, dict[str, Any], Callable[[], Any]]] = {
    "bert": ("BertModel", _ENCODER, wordpiece),
    "roberta": ("RobertaModel", {**_ENCODER, "pad_token_id": 0, "type_vocab_size": 1}, wordpiece),
    "distilbert": (
        "DistilBertModel",
        {
            "dim": 32,
            "hidden_dim": 48,
            "n_layers": 3,
            "n_heads": 4,
            "max_position_embeddings": 64,
            "initializer_range": 0.4,
        },
        wordpiece,
    ),
    "electra": ("ElectraModel", {**_ENCODER, "embedding_size": 16}, wordpiece),
    "albert": ("AlbertModel", {**_ENCODER, "embedding_size": 16}, wordpiece),
    "modernbert": (
        "ModernBertModel",
        {
            **_ENCODER,
            "local_attention": 8,
            "global_attn_every_n_layers": 3,
            "initializer_cutoff_factor": 2.0,
            **dict.fromkeys(("pad_token_id", "bos_token_id", "cls_token_id"), 0),
            **dict.fromkeys(("eos_token_id", "sep_token_id"), 0),
        },
        wordpiece,
    ),
    "deberta-v2": (
        "DebertaV2Model",
        {**_ENCODER, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        wordpiece,
    ),
    "gpt2": (
        "GPT2Model",
        {
            "n_embd": 32,
            "n_layer": 3,
            "n_head": 4,
            "n_positions": 64,
            "initializer_range": 0.4,
            # The scale then differs from layer to layer.
            "scale_attn_by_inverse_layer_idx": True,
        },
        byte_level,
    ),
    "gpt_neox": ("GPTNeoXModel", _ENCODER, byte_level),
    "opt": (
        "OPTModel",
        {
            "hidden_size": 32,
            "word_embed_proj_dim": 32,
            "ffn_dim": 48,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "max_position_embeddings": 64,
            "init_std": 0.4,
        },
        byte_level,
    ),
    "bloom": (
        "BloomModel",
        {"hidden_size": 32, "n_layer": 3, "n_head": 4, "pad_token_id": 0, "initializer_range": 0.4},
        byte_level,
    ),
    "falcon": (
        "FalconModel",
        {
            "hidden_size": 32,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "initializer_range": 0.4,
        },
        byte_level,
    ),
    "llama": ("LlamaModel", _decoder(), byte_level),
    "mistral": ("MistralModel", _decoder(sliding_window=4), byte_level),
    "qwen3": ("Qwen3Model", _decoder(), byte_level),
    "gemma2": (
        "Gemma2Model",
        _decoder(sliding_window=4, attn_logit_softcapping=2.0, query_pre_attn_scalar=8),
        byte_level,
    ),
    "gemma3": (
        "Gemma3TextModel",
        _decoder(
            sliding_window=4,
            query_pre_attn_scalar=8,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        ),
        byte_level,
    ),
    "phi3": ("Phi3Model", _decoder(), byte_level),
    "olmo2": ("Olmo2Model", _decoder(), byte_level),
    "gpt_oss": (
        "GptOssModel",
        _decoder(
            num_local_experts=2,
            num_experts_per_tok=1,
            sliding_window=4,
            num_hidden_layers=2,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        ),
        byte_level,
    ),
    "deepseek_v3": (
        "DeepseekV3Model",
        {
            **_decoder(num_key_value_heads=4, head_dim=4),
            "q_lora_rank": 16,
            "kv_lora_rank": 12,
            "qk_nope_head_dim": 8,
            "qk_rope_head_dim": 4,
            "v_head_dim": 6,
            "first_k_dense_replace": 1,
            "n_routed_experts": 4,
            "n_group": 2,
            "topk_group": 1,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 16,
        },
        byte_level,
    ),
    "deepseek_v4": (
        "DeepseekV4Model",
        {
            **_decoder(num_hidden_layers=3, num_key_value_heads=1),
            "layer_types": [
                "sliding_attention",
                "compressed_sparse_attention",
                "heavily_compressed_attention",
            ],
            "compress_rates": {"compressed_sparse_attention": 2, "heavily_compressed_attention": 4},
            "mlp_layer_types": ["moe"] * 3,
            "sliding_window": 4,
            "partial_rotary_factor": 0.5,
            "moe_intermediate_size": 16,
            "q_lora_rank": 16,
            "o_groups": 2,
            "o_lora_rank": 8,
            "hc_mult": 2,
            "index_n_heads": 2,
            "index_head_dim": 8,
            "index_topk": 2,
            "n_routed_experts": 4,
            "num_experts_per_tok": 2,
        },
        byte_level,
    ),
    "xlnet": (
        "XLNetModel",
        {"d_model": 32, "n_layer": 3, "n_head": 4, "d_inner": 48, "initializer_range": 0.4},
        wordpiece,
    ),
    "t5": (
        "T5ForConditionalGeneration",
        {
            "d_model": 32,
            "d_kv": 8,
            "d_ff": 48,
            "num_layers": 2,
            "num_decoder_layers": 3,
            "num_heads": 4,
            "decoder_start_token_id": 0,
            "initializer_factor": 1.3,
        },
        unigram,
    ),
    "bart": ("BartForConditionalGeneration", _BART, unigram),
    "marian": ("MarianMTModel", {**_BART, "init_std": 0.5}, unigram),
    "clip": (
        "CLIPModel",
        {"text_config": {**_CLIP, "eos_token_id": 0, "bos_token_id": 0}, "vision_config": _CLIP},
        byte_level,
    ),
    "lfm2": (
        "Lfm2Model",
        _decoder(
            num_hidden_layers=4,
            layer_types=["conv", "full_attention", "conv", "full_attention"],
            block_auto_adjust_ff_dim=False,
        ),
        byte_level,
    ),
    "mamba": (
        "MambaModel",
        {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
        byte_level,
    ),
}


def save(kind: str, folder: Path) -> Path:
    import torch
    import transformers

    from sphinx_attention.core.sources.huggingface.loading import quiet

    name, settings, tokenizer = _MODELS[kind]
    with quiet():
        model_class = getattr(transformers, name)
        torch.manual_seed(7)
        words = tokenizer()
        settings = {**settings, "vocab_size": len(words)}
        if "text_config" in settings:
            own = settings["text_config"]
            settings["text_config"] = {**own, "vocab_size": settings.pop("vocab_size")}
        model = model_class(model_class.config_class(**settings)).eval()
        for weights in (p for n, p in model.named_parameters() if "sinks" in n):
            torch.nn.init.normal_(weights)
        model.save_pretrained(folder)
        words.save_pretrained(folder)
    return folder
