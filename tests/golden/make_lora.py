"""Writes tests/golden/lora: tiny llama and qwen2 models with random weights, an adapter for each as PEFT saves it, the
llama one as GGUF too, and the logits that transformers and PEFT compute in float64.

Needs torch, transformers, peft and gguf. Run from the repository's root: python tests/golden/make_lora.py
"""
import json
import pathlib
import shutil

import gguf
import numpy as np
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from tiny_decoder import PROMPT, finish, gguf_name, logits_of, make_model, permuted, write_base

OUT = pathlib.Path("tests/golden/lora")
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, tie_word_embeddings=True)
TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


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
            array = permuted(short, array, arch, adapted.config)
        writer.add_tensor(f"{full}.weight.lora_{half[0].lower()}", np.ascontiguousarray(array))
    finish(writer)


def make(arch, config_class, model_class, by_root):
    model = make_model(config_class, model_class, SIZES)
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
