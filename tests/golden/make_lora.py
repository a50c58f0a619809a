"""Writes tests/golden/lora: tiny llama and qwen2 models with random weights, an adapter for each as PEFT saves it, the
llama one as GGUF too, and the logits that transformers and PEFT compute in float64.

Needs torch, transformers, peft and gguf. Run from the repository's root: python tests/golden/make_lora.py
"""
import json
import pathlib
import shutil

import gguf
import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

OUT = pathlib.Path("tests/golden/lora")
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=True)
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
GGUF_NAMES = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
              "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
              "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
PROMPT = [1, 17, 42, 5, 63, 8, 30]


def permuted(name, array, arch):
    """Rows of queries and keys as GGUF's llama has them: the halves of a head interleaved."""
    heads = {"attn_q": 4, "attn_k": 2}.get(name) if arch == "llama" else None
    if heads is None:
        return array
    return array.reshape(heads, 2, array.shape[0] // heads // 2, *array.shape[1:]).swapaxes(1, 2).reshape(array.shape)


def gguf_name(name):
    """("blk.0.attn_q", "attn_q") of "model.layers.0.self_attn.q_proj"."""
    layer, rest = name.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{GGUF_NAMES[rest]}", GGUF_NAMES[rest]


def write_base(model, arch, path):
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(2)
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(48)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    for name, value in model.state_dict().items():
        array = value.float().numpy()
        if name == "model.embed_tokens.weight":
            writer.add_tensor("token_embd.weight", array.astype(np.float16))
        elif name == "model.norm.weight":
            writer.add_tensor("output_norm.weight", array)
        elif name.startswith("model.layers."):
            module, part = name.rsplit(".", 1)
            full, short = gguf_name(module)
            array = permuted(short, array, arch)
            writer.add_tensor(f"{full}.{part}", array.astype(np.float16) if array.ndim == 2 else array)
    finish(writer)


def write_adapter(adapted, arch, alpha, path):
    writer = gguf.GGUFWriter(path, arch)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, value in adapted.state_dict().items():
        if ".lora_" not in name:
            continue
        module, half = name.removeprefix("base_model.model.").split(".lora_")
        full, short = gguf_name(module)
        array = value.float().numpy()
        if half.startswith("B"):
            array = permuted(short, array, arch)
        writer.add_tensor(f"{full}.weight.lora_{half[0].lower()}", np.ascontiguousarray(array))
    finish(writer)


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def logits_of(model):
    with torch.no_grad():
        return model(torch.tensor([PROMPT])).logits[0, -1].tolist()


def make(arch, config_class, model_class, by_root):
    torch.manual_seed(7)
    model = model_class(config_class(**SIZES)).eval()
    for name, value in model.named_parameters():
        spread = 0.2 if value.dim() == 2 else 0.1
        with torch.no_grad():
            value.copy_((spread * torch.randn_like(value) + (1.0 if "norm" in name else 0.0)).half().float())
    write_base(model, arch, OUT / f"{arch}.gguf")
    plain = logits_of(model.double())
    lora = LoraConfig(r=4, lora_alpha=6, target_modules=TARGETS, init_lora_weights=False, use_rslora=by_root)
    adapted = get_peft_model(model.float(), lora).eval()
    folder = OUT / f"{arch}-peft"
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    if arch == "llama":
        write_adapter(adapted, arch, 6.0, OUT / "llama-lora.gguf")
    return {"prompt": PROMPT, "plain": plain, "adapted": logits_of(adapted.double())}


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    logits = {"llama": make("llama", LlamaConfig, LlamaForCausalLM, False),
              "qwen2": make("qwen2", Qwen2Config, Qwen2ForCausalLM, True)}
    (OUT / "logits.json").write_text(json.dumps(logits) + "\n")
