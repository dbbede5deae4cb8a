"""Small sizes by their names in configurations, and the sizes that single kinds of models need."""

from __future__ import annotations

from typing import Any

# Sizes by their names in configurations. Other sizes keep their defaults.
SIZES: dict[str, Any] = {
    **dict.fromkeys(
        (
            *("hidden_size", "d_model", "n_embd", "dim", "embed_dim", "emb_dim", "embedding_size"),
            *("word_embed_proj_dim", "d_embed", "model_dim", "backbone_hidden_size", "width"),
            *("projection_dim", "decoder_hidden_size", "encoder_hidden_size", "text_dim"),
            *("text_hidden_size", "out_hidden_size", "adapter_out_dim", "audio_hidden_size"),
            *("projector_hidden_size", "moe_hidden_size", "hidden_size_global"),
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
    **dict.fromkeys(
        (
            *("num_experts_per_tok", "moe_k", "experts_per_token", "moe_topk", "top_k"),
            "num_experts_per_token",
        ),
        2,
    ),
    **dict.fromkeys(
        ("n_group", "topk_group", "num_expert_group", "n_shared_experts", "num_shared_experts"), 1
    ),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("q_lora_rank", "moe_shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("kv_lora_rank",), 12),
    **dict.fromkeys(("qk_nope_head_dim", "v_head_dim"), 8),
    **dict.fromkeys(("qk_rope_head_dim",), 4),
    **dict.fromkeys(("sliding_window", "local_attention", "window_size"), 4),
    **dict.fromkeys(("mamba_d_state", "state_size", "ssm_state_size", "mamba_dt_rank"), 8),
    **dict.fromkeys(("image_size", "crop_size"), 16),
    **dict.fromkeys(("patch_size",), 4),
    "num_kv_shared_layers": 0,
    "initializer_range": 0.4,
    "init_std": 0.4,
    "initializer_factor": 1.5,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
    "cls_token_id": 1,
    "mask_token_id": 4,
    **dict.fromkeys(("hidden_size_per_layer_input", "linear_head_dim", "num_filters"), 8),
    **dict.fromkeys(("mamba_n_heads", "mamba_num_heads", "mamba_head_dim"), 8),
    "linear_num_heads": 4,
    # This is less than the tokens of the longer text, and more than those of the shorter text.
    "index_topk": 8,
    **dict.fromkeys(("index_n_heads", "index_block_size", "index_topk_blocks"), 2),
    "index_head_dim": 8,
    **dict.fromkeys(("base_channels", "upsample_initial_channel", "upsample_groups"), 32),
    "mamba_n_groups": 1,
    "n_mamba_heads": 2,
    "full_attention_interval": 2,
    "rotary_dim": 4,
    "attention_window": 4,
    "decoder_start_token_id": 1,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
}

# The sizes that are added when keys and values are made from a latent vector (DeepSeek).
LATENT = {"head_dim": 4, "num_key_value_heads": 4}

# Further sizes of single configurations, which have to fit one another.
OWN: dict[str, dict[str, Any]] = {
    "qwen3_next": {"num_hidden_layers": 4},
    "lfm2": {"num_hidden_layers": 4},
    "lfm2_moe": {"num_hidden_layers": 4, "layer_types": ["conv", "full_attention"] * 2},
    "zamba": {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2},
    "zamba2": {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid"] * 2},
    "reformer": {"axial_pos_embds": False, "attn_layers": ["local", "lsh"]},
    "funnel": {"block_sizes": [1, 1], "block_repeats": [1, 1]},
    "gpt_neo": {"attention_types": [[["global", "local"], 1]], "num_layers": 2},
    "pegasus_x": {"block_size": 4, "num_global_tokens": 3},
    "longformer": {"attention_window": [4, 4]},
    "recurrent_gemma": {"num_hidden_layers": 3},
    "jamba": {"num_hidden_layers": 4, "attn_layer_period": 2, "attn_layer_offset": 1},
    "bamba": {"num_hidden_layers": 4, "attn_layer_indices": [1, 3], "mamba_d_head": 8},
    "minimax": {
        "num_hidden_layers": 4,
        "layer_types": ["linear_attention", "full_attention"] * 2,
    },
    "granitemoehybrid": {"layer_types": ["mamba", "attention"]},
    "mamba2": {"num_heads": 8},
    "esmc": {"num_key_value_heads": 4},
    "mistral4": {"qk_nope_head_dim": 4},
    "xmod": {"default_language": "en_XX"},
    "lilt": {"hidden_size": 48},
    "bros": {"hidden_size": 64},
    "layoutlmv3": {"coordinate_size": 6, "shape_size": 4},
    "blt": {"encoder_hash_byte_group_vocab": 64},
    "dbrx": {"attn_config": {"rope_theta": 1e4, "kv_n_heads": 2, "clip_qkv": 8.0}},
    "cohere_compass_text": {
        "rope_parameters": {
            kind: {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [2, 1, 1]}
            for kind in ("full_attention", "sliding_attention")
        }
    },
    "chameleon": {"vocabulary_map": {"<image>": 5}},
    "emu3": {"vocabulary_map": {"<image>": 5}},
    "glm5_next_text": {"qk_rope_head_dim": 0, "index_kpool": 2},
    # The picture towers of these models come from timm, which the sweep does not need.
    "fast_vlm": {"vision_config": {"model_type": "siglip_vision_model"}},
    "perception_lm": {
        "vision_config": {"model_type": "siglip_vision_model", "model_args": {"embed_dim": 32}}
    },
    "encoder-decoder": {"decoder": {"is_decoder": True, "add_cross_attention": True}},
    "hy_v4_vl_text": {"index_head_dim": 72},
    "minimax_m3_vl_text": {
        "layer_types": ["full_attention", "minimax_m3_sparse"],
        "index_topk_blocks": 4,
    },
    "qwen4_exp_text": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 8,
        "indexer_budget": 4,
        "indexer_compress_ratio": 2,
    },
    "deepseek_ocr2_text": {"mlp_layer_types": ["dense", "sparse"], "num_experts_per_tok": 2},
    "unlimited_ocr_text": {"num_key_value_heads": 4},
    "diffusion_gemma_text": {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 16},
    "granite4_vision": {
        "deepstack_layer_map": [[-1, 0]],
        "spatial_target_layers": [0, 1, 0, 1],
        "downsample_rate": "1/2",
        "vision_config": {"hidden_size": 64},
    },
    "fun_asr_nano": {"adaptor_config": {"intermediate_size": 8}},
    "molmo2": {"adapter_config": {"vision_feature_layer": [1, 0]}},
    "t5gemma2_encoder": {"text_config": {"dropout_rate": 0.0}},
    "qwen2_5_omni_thinker": {"vision_start_token_id": 60, "vision_end_token_id": 61},
    "qwen3_omni_moe_thinker": {"vision_start_token_id": 60, "vision_end_token_id": 61},
    "kyutai_speech_to_text": {"audio_bos_token_id": 5, "audio_pad_token_id": 6},
    "clvp_encoder": {"hidden_size": 128},
    "shieldgemma2": {"yes_token_index": 5, "no_token_index": 6},
    "pix2struct_text_model": {"initializer_range": 0.4},
    "nemotron_h_omni": {"vision_config": {"video_temporal_patch_size": 2}},
    "muse_spark_audio": {
        "num_hidden_layers": 4,
        "hidden_sizes": [8, 8, 16, 32],
        "depths": [1, 1, 1, 1],
    },
    "vibevoice_acoustic_tokenizer": {"depths": [1] * 7},
    "vibevoice_acoustic_tokenizer_encoder": {"depths": [1] * 7},
    "wavtokenizer_encoder": {"codebook_size": 8, "codebook_dim": 32},
    "apertus1p5": {
        "image_token_id": 5,
        "audio_token_id": 6,
        "image_token_offset": 20,
        "audio_token_offset": 28,
        "vision_config": {"codebook_size": 8},
    },
    "hunyuan_vl_text": {"rope_parameters": {"rope_theta": 1e4, "mrope_section": [1, 1, 1, 1]}},
}

_QWEN2 = ("qwen2_vl", "qwen2_5_vl", "qwen2_5_omni", "qwen2_5_omni_talker", "paddleocr_vl")

# Sections of rotary positions that models use when their configuration names no sections.
SECTIONS: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("glm4v", "glm4v_moe", "glm_image", "glm_ocr"), (8, 12, 12)),
    **dict.fromkeys(_QWEN2, (16, 24, 24)),
    "ernie4_5_vl_moe": (22, 22, 20),
}
