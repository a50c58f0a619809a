"""Tiny decoders of transformers with seeded random weights, written as GGUF the way its converters do."""
import gguf
import numpy as np
import torch

PROMPT = [1, 17, 42, 5, 63, 8, 30]
GGUF_NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
              "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
              "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
              "mlp.gate": "ffn_gate_inp", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
              "self_attn.qkv_proj": "attn_qkv", "mlp.gate_up_proj": "ffn_up"}
GEMMA_NAMES = {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
               "post_feedforward_layernorm": "post_ffw_norm"}


def make_model(config_class, model_class, sizes):
    """Weights are exact in binary16."""
    torch.manual_seed(7)
    config = config_class(**sizes)
    if getattr(config, "attn_logit_softcapping", None):
        config._attn_implementation = "eager"  # the others know no soft cap
    model = model_class(config).eval()
    model.config._experts_implementation = "eager"  # the others know no float64
    for name, value in model.named_parameters():
        spread = 0.2 if value.dim() >= 2 else 0.1
        with torch.no_grad():
            value.copy_((spread * torch.randn_like(value) + (1.0 if "norm" in name else 0.0)).half().float())
    return model


def logits_of(model):
    with torch.no_grad():
        return model(torch.tensor([PROMPT])).logits[0, -1].tolist()


def permuted(name, array, arch, config):
    """Rows of queries and keys as GGUF's llama has them: the halves of a head interleaved."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}.get(name)
    if arch != "llama" or heads is None:
        return array
    return array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)


def gguf_name(name, arch):
    """("blk.0.attn_q", "attn_q") of "model.layers.0.self_attn.q_proj"."""
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    short = (GGUF_NAMES | GEMMA_NAMES if arch.startswith("gemma") else GGUF_NAMES)[rest]
    return f"blk.{layer}.{short}", short


def norm_weight(array, arch):
    """Gemma's weights are what a norm multiplies by less 1; its files have the whole."""
    return array + 1 if arch.startswith("gemma") else array


def add_sizes(writer, config):
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    rope = config.rope_parameters
    writer.add_rope_freq_base(rope.get("full_attention", rope)["rope_theta"])
    if getattr(config, "sliding_window", None):
        writer.add_sliding_window(config.sliding_window)
    if getattr(config, "head_dim", None):
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    experts = getattr(config, "num_local_experts", None) or getattr(config, "num_experts", None)
    if experts:
        writer.add_expert_count(experts)
        writer.add_expert_used_count(config.num_experts_per_tok)
    if getattr(config, "moe_intermediate_size", None):
        writer.add_expert_feed_forward_length(config.moe_intermediate_size)


def add_layer_tensor(writer, name, array, arch, config):
    experts, _, half = name.partition(".mlp.experts.")
    if half:
        layer = f"blk.{experts.removeprefix('model.layers.')}"
        parts = {"ffn_down_exps": array}
        if half == "gate_up_proj":
            parts = dict(zip(("ffn_gate_exps", "ffn_up_exps"), np.split(array, 2, axis=1)))
        for short, part in parts.items():
            writer.add_tensor(f"{layer}.{short}.weight", np.ascontiguousarray(part.astype(np.float16)))
        return
    module, part = name.rsplit(".", 1)
    full, short = gguf_name(module, arch)
    array = permuted(short, array, arch, config)
    if array.ndim == 1 and "norm" in short:
        array = norm_weight(array, arch)
    exact = array.ndim == 2 and short != "ffn_gate_inp"
    writer.add_tensor(f"{full}.{part}", array.astype(np.float16) if exact else array)


def write_base(model, arch, path):
    writer = gguf.GGUFWriter(path, arch)
    add_sizes(writer, model.config)
    for name, value in model.state_dict().items():
        array = value.float().numpy()
        if name == "model.embed_tokens.weight":
            writer.add_tensor("token_embd.weight", array.astype(np.float16))
        elif name == "model.norm.weight":
            writer.add_tensor("output_norm.weight", norm_weight(array, arch))
        elif name.startswith("model.layers."):
            add_layer_tensor(writer, name, array, arch, model.config)
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
