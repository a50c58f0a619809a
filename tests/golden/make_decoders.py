"""Writes tests/golden/decoders: tiny models of the architectures that no default model has, and the logits that
transformers computes in float64.

Needs torch, transformers and gguf. Run from the repository's root: python tests/golden/make_decoders.py
"""
import json
import pathlib
import shutil

import torch
from transformers import (Gemma2Config, Gemma2ForCausalLM, Gemma3ForCausalLM, Gemma3TextConfig, MixtralConfig,
                          MixtralForCausalLM, Phi3Config, Phi3ForCausalLM, Qwen3Config, Qwen3ForCausalLM,
                          Qwen3MoeConfig, Qwen3MoeForCausalLM)

from tiny_decoder import PROMPT, logits_of, make_model, write_base

OUT = pathlib.Path("tests/golden/decoders")
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=True)


def closest_choice(model, experts_used):
    """How far, for any token and layer, the worst score of a chosen expert lies above the best of one that is not."""
    gaps = []
    hooks = []

    def watch(module, inputs, _):
        scores = torch.nn.functional.linear(inputs[0].reshape(-1, inputs[0].shape[-1]), module.weight)
        ordered = scores.sort(dim=-1, descending=True).values
        gaps.append((ordered[:, experts_used - 1] - ordered[:, experts_used]).min().item())

    for name, module in model.named_modules():
        if name.endswith("mlp.gate"):
            hooks.append(module.register_forward_hook(watch))
    logits_of(model)
    for hook in hooks:
        hook.remove()
    return min(gaps)


def make(name, arch, config_class, model_class, **more):
    model = make_model(config_class, model_class, {**SIZES, **more})
    write_base(model, arch, OUT / f"{name}.gguf")
    model = model.double()
    out = {"prompt": PROMPT, "logits": logits_of(model)}
    if "num_experts_per_tok" in more:
        out["closest_choice"] = closest_choice(model, more["num_experts_per_tok"])
    return out


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    logits = {
        "qwen3": make("qwen3", "qwen3", Qwen3Config, Qwen3ForCausalLM, head_dim=16),
        "qwen3moe": make("qwen3moe", "qwen3moe", Qwen3MoeConfig, Qwen3MoeForCausalLM, head_dim=16, num_experts=6,
                         num_experts_per_tok=2, moe_intermediate_size=24, norm_topk_prob=True),
        "mixtral": make("mixtral", "llama", MixtralConfig, MixtralForCausalLM, num_local_experts=4,
                        num_experts_per_tok=2),
        # Windows shorter than the prompt; Gemma 3 sees everything in its sixth layer.
        "gemma2": make("gemma2", "gemma2", Gemma2Config, Gemma2ForCausalLM, head_dim=16, query_pre_attn_scalar=16,
                       sliding_window=4, bos_token_id=2),
        "gemma3": make("gemma3", "gemma3", Gemma3TextConfig, Gemma3ForCausalLM, head_dim=16, query_pre_attn_scalar=16,
                       sliding_window=4, num_hidden_layers=6),
        "phi3": make("phi3", "phi3", Phi3Config, Phi3ForCausalLM, sliding_window=5, pad_token_id=0),
    }
    (OUT / "logits.json").write_text(json.dumps(logits) + "\n")
