#!/usr/bin/env python3
"""Writes tests/golden/reranker: a tiny cross-encoder with seeded random weights, and the logits that transformers
computes for pairs in float64.

Needs torch, transformers and tokenizers. Run from the repository's root: python tests/golden/make_reranker.py
"""
import json
import pathlib
import shutil

import torch
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertForSequenceClassification

OUT = pathlib.Path("tests/golden/reranker")
WORDS = "the a of in how is why heat cool kiln clay glaze sea blue deep slow fast water fire tower bell"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
QUERIES = ["how is a kiln heated", "", "the sea " * 40]
TEXTS = ["Kilns are heated slowly.", "The sea is blue and deep.", "", "clay " * 60, "Why?"]
LIMIT = 48


def make_tokenizer():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *("##" + letter for letter in LETTERS), *WORDS.split(),
              "##ed", "##s", ".", "?"]
    tokenizer = BertWordPieceTokenizer({piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, lowercase=True)
    tokenizer.save(str(OUT / "tokenizer.json"))
    tokenizer.enable_truncation(LIMIT)  # the longest first
    return tokenizer


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    tokenizer = make_tokenizer()
    torch.manual_seed(3)
    model = BertForSequenceClassification(BertConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=LIMIT, num_labels=1)).eval()
    with torch.no_grad():
        for name, value in model.named_parameters():
            value.copy_((0.2 * torch.randn_like(value) + (1.0 if name.endswith("LayerNorm.weight") else 0.0)).half().float())
    model.save_pretrained(OUT)
    model = model.double()
    cases = []
    for query in QUERIES:
        encoded = [tokenizer.encode(query, text) for text in TEXTS]
        with torch.no_grad():
            logits = [model(torch.tensor([each.ids]), token_type_ids=torch.tensor([each.type_ids])).logits.item()
                      for each in encoded]
        cases.append({"query": query, "texts": TEXTS, "logits": logits, "tokens": sum(len(each.ids) for each in encoded)})
    (OUT / "logits.json").write_text(json.dumps(cases) + "\n")


main()
