"""Writes dequantize.json: random blocks of every quantised type with the values the gguf package reads from them.

Usage: python make_dequantize.py > dequantize.json   (needs numpy and gguf)
"""
import json

import gguf
import numpy as np

SCALE_OFFSETS = {  # where a block's float16 fields lie: they get finite values, all other bytes are random
    "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0],
    "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208],
}


def main():
    rng = np.random.default_rng(20261)
    cases = []
    for name, offsets in SCALE_OFFSETS.items():
        kind = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = 2 if block == 32 else 1
        raw = rng.integers(0, 256, (blocks, size), dtype=np.uint8)
        for row in range(blocks):
            for offset in offsets:
                value = np.float16(rng.normal() * 0.02)
                raw[row, offset : offset + 2] = np.frombuffer(value.tobytes(), np.uint8)
        values = gguf.quants.dequantize(raw.reshape(-1), kind).astype(np.float32)
        cases.append({"type": int(kind), "name": name, "blocks": raw.tobytes().hex(),
                      "values": values.astype("<f4").tobytes().hex()})
    print(json.dumps(cases, indent=1))


main()
