#!/usr/bin/env python3
"""Writes pre_tokenizers.json: texts with the words that the model families' regular expressions cut them into.

Usage: make_pre_tokenizers.py (needs `tokenizers`, whose engine, Oniguruma, is the reference's)
"""
import json
import pathlib
import random

from tokenizers import Regex, pre_tokenizers

TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
ANY_CASE = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
SIGN = r"[^\r\n\p{L}\p{N}]?"
PATTERNS = {
    "gpt-2": r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    "qwen2": ANY_CASE + "|" + SIGN + r"\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL,
    "llama-bpe": ANY_CASE + "|" + SIGN + r"\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + TAIL,
    "tekken": f"{SIGN}{UPPER}*{LOWER}+|{SIGN}{UPPER}+{LOWER}*" + r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + TAIL,
    "gpt-4o": f"{SIGN}{UPPER}*{LOWER}+{ANY_CASE}?|{SIGN}{UPPER}+{LOWER}*{ANY_CASE}?" +
              r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + TAIL,
}
PIECES = ["a", "B", "cd", "EF", "Gh", "iJ", "'s", "'LL", "'", " ", "  ", "\n", "\r\n", "\t", "1", "23", "4567", "½", "Ⅷ", "é",
          "É", "e\u0301", "\u0301", "ß", "ǅ", "ʰ", "你", "好", "が", "한", "ا", "ไ", "ี", "!", "?!", "/", "//", "—", "🦙",
          "👩\u200d💻", "\u00a0", "\u3000", "_", "-", "٣", "Ж", "ж"]
TEXTS = ["I'LL go  now!\n\n 12", "it's 1234567 o'clock, HTTPServer's camelCaseWord", "你好World世界ABCが", "path//to/\n/file\r\n\r\n",
         "   leading and trailing   ", "\n\n\n", "ÉCOLE École éCOLE", "e\u0301\u0301E\u0301", "\u0301lone", "12 345 6789 0",
         "ABC你DEF", "A你", "你A", "ʰAʰ", "don'tDON'T'S"]


def main():
    random.seed(11)
    texts = TEXTS + ["".join(random.choices(PIECES, k=random.randint(2, 14))) for _ in range(200)]
    out = {"texts": texts, "words": {}}
    for name, pattern in PATTERNS.items():
        split = pre_tokenizers.Split(Regex(pattern), "isolated")
        out["words"][name] = [[word for word, _ in split.pre_tokenize_str(text)] for text in texts]
    path = pathlib.Path(__file__).with_name("pre_tokenizers.json")
    path.write_text(json.dumps(out, ensure_ascii=False, indent=0) + "\n")


main()
