#!/usr/bin/env python3
"""hearth beside llama.cpp (and torch) on the same files and cores, interleaved A-B-A-B; prints medians and ratios.

    compare.py --llama BUILD_DIRECTORY [--torch] [--threads 2] [--rounds 5] [--busy 1]

BUILD_DIRECTORY holds llama.cpp's bin/llama-bench. MiniLM for llama.cpp is a GGUF made by its convert_hf_to_gguf.py
(--minilm-gguf). --torch needs torch and transformers in the Python that runs this and takes MiniLM in bfloat16 and
float32. --busy N keeps N processes at work on the same cores meanwhile: what is left of each peer's speed beside a
neighbour. Figures of one run are comparable with each other only: the machine may be shared.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHAT = ["qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "smollm2-135m-instruct-q4_1.gguf"]
MINILM = "all-MiniLM-L6-v2"


def run(command):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout


def hearth_chat(arguments, model):
    found = json.loads(run([arguments.build / "hearth", "bench", "--model", arguments.models / model, "--threads",
                            arguments.threads, "--prefill", 512, "--decode", 64, "--json"]))
    return {"prefill": found["prefill_tokens_per_second"], "decode": found["decode_tokens_per_second"],
            "bandwidth": found["read_bandwidth_bytes_per_second"]}


def llama_chat(arguments, model):
    rows = json.loads(run([arguments.llama / "bin" / "llama-bench", "-m", arguments.models / model, "-t",
                           arguments.threads, "-p", 512, "-n", 64, "-r", 1, "-o", "json"]))
    return {("prefill" if row["n_prompt"] else "decode"): row["avg_ts"] for row in rows}


def hearth_minilm(arguments):
    found = json.loads(run([arguments.build / "encoder_bench", arguments.models / MINILM, arguments.threads]))
    return {"embed": found["tokens_per_second"]}


def llama_minilm(arguments):
    """Its best case: one sequence of 128 tokens after the other, as llama-bench runs an encoder."""
    rows = json.loads(run([arguments.llama / "bin" / "llama-bench", "-m", arguments.minilm_gguf, "-t",
                           arguments.threads, "-p", 128, "-n", 0, "-r", 20, "--embeddings", 1, "-o", "json"]))
    return {"embed": rows[0]["avg_ts"]}


def torch_minilm(arguments, kind):
    import torch
    from transformers import AutoModel
    torch.set_num_threads(arguments.threads)
    model = AutoModel.from_pretrained(arguments.models / MINILM, dtype=getattr(torch, kind)).eval()
    ids = torch.randint(1000, 20000, (16, 128))
    with torch.inference_mode():
        model(input_ids=ids)
        start, tokens = time.monotonic(), 0
        while time.monotonic() - start < 2:
            model(input_ids=ids)
            tokens += ids.numel()
    return {"embed": tokens / (time.monotonic() - start)}


def interleave(name, runners, rounds):
    """runners: {peer: function}; the first is hearth."""
    seen = {peer: {} for peer in runners}
    for _ in range(rounds):
        for peer, runner in runners.items():
            for what, figure in runner().items():
                seen[peer].setdefault(what, []).append(figure)
    ours = next(iter(runners))
    for what in seen[ours]:
        middle = {peer: statistics.median(figures[what]) for peer, figures in seen.items() if what in figures}
        line = f"{name:42} {what:9}" + "".join(f"  {peer} {figure:,.1f}" for peer, figure in middle.items())
        for peer, figure in middle.items():
            if peer != ours:
                line += f"  = {middle[ours] / figure:.2f} x {peer}"
        print(line, flush=True)


@contextlib.contextmanager
def neighbours(count):
    """Processes that only compute; the kernel places them."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "unknown"


def compare(arguments):
    for model in CHAT:
        runners = {"hearth": lambda: hearth_chat(arguments, model)}
        if arguments.llama:
            runners["llama.cpp"] = lambda: llama_chat(arguments, model)
        interleave(model, runners, arguments.rounds)
    runners = {"hearth": lambda: hearth_minilm(arguments)}
    if arguments.llama and arguments.minilm_gguf:
        runners["llama.cpp"] = lambda: llama_minilm(arguments)
    if arguments.torch:
        runners["torch-bf16"] = lambda: torch_minilm(arguments, "bfloat16")
        runners["torch-f32"] = lambda: torch_minilm(arguments, "float32")
    interleave(MINILM, runners, arguments.rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path(os.environ.get("HEARTH_MODELS", ROOT / "models")))
    parser.add_argument("--llama", type=pathlib.Path)
    parser.add_argument("--minilm-gguf", type=pathlib.Path)
    parser.add_argument("--torch", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=0, metavar="N")
    arguments = parser.parse_args()
    print(f"{processor()}, {arguments.threads} threads, medians of {arguments.rounds} interleaved rounds, "
          f"{arguments.busy} busy neighbours", flush=True)
    with neighbours(arguments.busy):
        compare(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
