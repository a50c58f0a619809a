#!/usr/bin/env python3
"""Writes sentencepiece.json: two small vocabularies with texts and the ids that `sentencepiece` gives them; and the
smaller one's beginning as a GGUF file for the fuzzer.

Usage: make_sentencepiece.py (needs `sentencepiece` and `gguf`; trains on this repository's own prose)
One vocabulary is made as Llama's was, the other has pieces that span spaces and no space before a text.
"""
import json
import pathlib
import random
import tempfile

import gguf
import sentencepiece

ROOT = pathlib.Path(__file__).parents[2]
TEXTS = ["", " ", "  ", "a", "Hello, World!", " leading", "trailing ", "two  spaces   three", "the index and the folder",
         "12345 + 67 = 67412", "Café naïve über", "你好，世界", "emoji 🦙🚀", "tabs\tand\nnew\r\nlines\n\n\nend", "a->b->c", "->", "-> ->",
         "<s>", "</s><s> <unk>", "<0x0A><0xFF>", "\u2581 itself", "a\u2581b", "x" * 70, "document " * 9, "zero\u200bwidth",
         "the_document.path/to/file(x, y); // comment", "<tool>{}</tool>"]
KINDS = {
    "llama": dict(vocab_size=560, split_by_whitespace=True, add_dummy_prefix=True),
    "across spaces": dict(vocab_size=560, split_by_whitespace=False, add_dummy_prefix=False),
}


def write_seed(vocabulary, tokens):
    writer = gguf.GGUFWriter(ROOT / "tests/fuzz/corpus/gguf_fuzz/sentencepiece", "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary["tokens"][:tokens])
    writer.add_token_scores(vocabulary["scores"][:tokens])
    writer.add_token_types(vocabulary["types"][:tokens])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def main():
    random.seed(5)
    prose = "\n".join((ROOT / name).read_text() for name in ["ARCHITECTURE.md", "README.md", "docs/api.md", "llm/README.md"])
    words = prose.split(" ")
    texts = TEXTS + [" ".join(random.choices(words, k=8)) for _ in range(40)]
    out = {}
    for name, options in KINDS.items():
        with tempfile.TemporaryDirectory() as folder:
            corpus = pathlib.Path(folder, "corpus.txt")
            corpus.write_text(prose)
            sentencepiece.SentencePieceTrainer.train(
                input=str(corpus), model_prefix=folder + "/m", model_type="bpe", byte_fallback=True,
                normalization_rule_name="identity", remove_extra_whitespaces=False, split_digits=True,
                allow_whitespace_only_pieces=True, user_defined_symbols=["->", "\n\n"], minloglevel=2, **options)
            model = sentencepiece.SentencePieceProcessor(model_file=folder + "/m.model")
        size = range(model.vocab_size())
        kinds = [2 if model.is_unknown(i) else 3 if model.is_control(i) else 6 if model.is_byte(i) else 1 for i in size]
        for symbol in ["->", "\n\n"]:
            kinds[model.piece_to_id(symbol)] = 4
        out[name] = {"tokens": [model.id_to_piece(i) for i in size], "types": kinds,
                     "scores": [model.get_score(i) for i in size], "add_space_prefix": options["add_dummy_prefix"],
                     "cases": [{"text": text, "ids": model.encode(text)} for text in texts]}
    write_seed(out["llama"], 320)
    path = pathlib.Path(__file__).with_name("sentencepiece.json")
    path.write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")).replace('{"text"', '\n{"text"') + "\n")


main()
