"""Small configurations of every encoder and decoder family of the installed transformers.

Families call the same size by many names. A size is set wherever a configuration has a setting of
one of its names; what a family asks beyond that stands in ``OWN``.
"""

import dataclasses
import inspect

WIDTH, LAYERS, HEADS, HEAD = 32, 4, 2, 16
SIZES = [
    (
        WIDTH,
        """hidden_size d_model n_embd dim embedding_size emb_dim word_embed_proj_dim d_embed
        hidden_dim embed_dim true_hidden_size bottleneck_size intra_bottleneck_size lru_width
        linear_value_dim attention_hidden_size d_latents qk_channels v_channels""",
    ),
    (
        LAYERS,
        """num_hidden_layers n_layer n_layers num_layers encoder_layers decoder_layers
        num_encoder_layers num_decoder_layers""",
    ),
    (
        HEADS,
        """num_attention_heads n_head n_heads num_heads encoder_attention_heads
        decoder_attention_heads num_key_value_heads num_kv_heads swa_num_key_value_heads
        swa_num_attention_heads num_experts_per_tok moe_k moe_topk num_selected_experts
        top_k_experts""",
    ),
    (
        2 * WIDTH,
        """intermediate_size ffn_dim d_inner n_inner d_ff ffn_hidden_size moe_intermediate_size
        shared_expert_intermediate_size decoder_ffn_dim encoder_ffn_dim ffn_hidden_dim block_ff_dim
        mlp_hidden_size dim_ff dff mamba_d_ssm expert_ffn_hidden_size""",
    ),
    (
        HEAD,
        """head_dim attention_head_size kv_channels v_head_dim qk_nope_head_dim linear_key_head_dim
        linear_value_head_dim q_lora_rank kv_lora_rank qk_rope_head_dim o_lora_rank mamba_d_head
        entity_emb_size""",
    ),
    (
        128,
        """max_position_embeddings n_positions n_ctx max_seq_len max_sequence_length
        max_target_positions context_length seq_length""",
    ),
    (
        4,
        (
            "num_experts num_local_experts n_routed_experts moe_num_experts num_routed_experts"
            " mamba_n_heads zero_expert_num"
        ),
    ),
    (8, "state_size mamba_d_state ssm_state_size rotary_dim num_latents"),
    (10, "entity_vocab_size audio_vocab_size"),
    (
        1,
        (
            "n_shared_experts n_group topk_group first_k_dense_replace n_groups mamba_n_groups"
            " bos_token_id"
        ),
    ),
    (2, "eos_token_id"),
    (0, "pad_token_id hidden_size_per_layer_input num_kv_shared_layers"),
    (None, "layer_types rope_parameters rope_scaling mlp_layer_types"),
]
TINY = {name: value for value, names in SIZES for name in names.split()}
VOCABULARIES = ("vocab_size", "vocab_size_per_layer_input")

OWN = {
    "bailing_hybrid": {"layer_group_size": 2},
    "bamba": {"attn_layer_indices": [1, 3]},
    "codegen": {"n_head": 4},
    "dots3_note_text": {"index_head_dim": HEAD, "index_n_heads": HEADS, "index_topk": 4,
                        "shared_experts_intermediate_size": WIDTH},
    "gpt_neo": {"attention_types": [[["global", "local"], 2]]},
    "granitemoehybrid": {"layer_types": ["linear_attention", "full_attention"] * 2},
    "jamba": {"attn_layer_period": 2, "attn_layer_offset": 1},
    "kimi_linear": {"layer_types": ["linear_attention", "full_attention"] * 2},
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * 2},
    "mamba2": {"num_heads": 4},
    "reformer": {"axial_pos_embds_dim": [HEAD, HEAD], "axial_pos_shape": [8, 16]},
    "xmod": {"default_language": "en_XX"},
    "zamba": {"layer_types": ["mamba", "hybrid"] * 2, "attention_hidden_size": 2 * WIDTH,
              "attention_head_dim": WIDTH},
    "zamba2": {"layer_types": ["mamba", "hybrid"] * 2, "attention_hidden_size": 2 * WIDTH,
               "attention_head_dim": WIDTH, "hybrid_layer_ids": [1, 3], "num_mem_blocks": 1},
    "zaya": {"num_experts_per_tok": 1},
}  # fmt: skip


def families() -> list[str]:
    """The model types that transformers has a masked or causal language model of, sorted."""
    from transformers.models.auto import modeling_auto

    masked = modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    causal = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
    return sorted({*masked, *causal})


def tiny_config(family, vocabulary):
    """A small configuration of a family; raises what the family's own checks raise."""
    from transformers import CONFIG_MAPPING

    return CONFIG_MAPPING[family](**_settings(CONFIG_MAPPING[family], vocabulary, family))


def _settings(kind, vocabulary, family=""):
    there = set(inspect.signature(kind.__init__).parameters)
    if dataclasses.is_dataclass(kind):
        there |= {field.name for field in dataclasses.fields(kind)}
    chosen = {name: value for name, value in TINY.items() if name in there}
    chosen |= {name: vocabulary for name in VOCABULARIES if name in there}
    for name, nested in kind.sub_configs.items():
        if name in there and inspect.isclass(nested):
            chosen[name] = _nested(kind, name, nested, vocabulary)
    return chosen | OWN.get(family, {})


def _nested(outer, name, kind, vocabulary):
    """A nested configuration.

    Where any kind may stand, of the kind that stands there by default.
    """
    if not hasattr(kind, "sub_configs"):
        kind = type(getattr(outer(), name))
    settings = _settings(kind, vocabulary)
    return kind(**settings) if kind.model_type else settings
