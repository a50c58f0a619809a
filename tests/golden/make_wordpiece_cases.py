#!/usr/bin/env python3
"""Writes wordpiece_cases.json: texts with the ids and byte spans that Hugging Face's `tokenizers` gives them.

Usage: make_wordpiece_cases.py all-MiniLM-L6-v2/tokenizer.json
The vocabulary in the output is cut to the tokens that the texts can touch, so that the test needs no model.
"""
import json
import pathlib
import sys

from tokenizers import Tokenizer

TEXTS = [
    "", " ", "Hello, World!", "The quick brown fox jumps over the lazy dog.", "unaffable embeddings",
    "Café au lait, naïve façade", "cafe\u0301 decomposed", "ÅNGSTRÖM Straße İstanbul", "Привет, мир!", "Ελλάδα ΟΔΟΣ",
    "你好，世界 mixed汉字text", "日本語のテキスト、カタカナ", "한국어 텍스트", "tabs\tand\nnew\r\nlines", "zero\u200bwidth\ufeff bom\u00ad soft",
    "control\x01\x02chars\x7f", "\ufffd replaced", "emoji 🦙🚀 end", "ﬁ ligature ½ ²", "don't can't it's", "foo_bar-baz/qux.txt",
    "a" * 100, "a" * 101, "é" * 100 + " tail", "x" * 250 + ".", "3.14159e-10 1,000,000", "http://example.com/?q=1&r=2#x",
    "नमस्ते दुनिया", "مرحبا بالعالم", "שלום עולם", "ไทยภาษา", "Việt Nam tiếng Việt", "“curly” ‘quotes’ – dash — em … dots",
    "§ 12 ¶ © ® ™ € £ ¥", "non\u00a0breaking\u2003em\u3000ideographic", "a\u0300\u0301b", "\u0301lone mark", "e\u0301\u200d f",
    "[CLS is no token", "x\u0000y", "ǅ ǈ ŉ ß ẞ", "C++ == C#; `code` ~tilde^ |pipe|", "Ａｆｕｌｌｗｉｄｔｈ", "豈更車 compat", "\u2028line\u2029sep",
]


def byte_offsets(text):
    offsets = [0]
    for char in text:
        offsets.append(offsets[-1] + len(char.encode()))
    return offsets


def main():
    path = pathlib.Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    cases = []
    used = set()
    for text in TEXTS:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        offsets = byte_offsets(text)
        used |= set(encoding.ids)
        cases.append({"text": text, "ids": encoding.ids,
                      "spans": [[offsets[a], offsets[b]] for a, b in encoding.offsets]})
    document = json.loads(path.read_text())
    letters = {char for case in cases for char in tokenizer.normalizer.normalize_str(case["text"])}
    vocabulary = {token: number for token, number in document["model"]["vocab"].items()
                  if number in used or token.startswith("[") or (token.removeprefix("##") in letters)}
    document["model"]["vocab"] = vocabulary
    document.update(padding=None, truncation=None)
    out = pathlib.Path(__file__).with_name("wordpiece_cases.json")
    out.write_text(json.dumps({"tokenizer": document, "cases": cases}, ensure_ascii=False, indent=0) + "\n")


main()
