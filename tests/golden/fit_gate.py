#!/usr/bin/env python3
"""Fits the evidence gate's logistic regression (agents/evidence_gate.cpp) and prints the weights.

    fit_gate.py gate_rows.json      # written by make_gate_rows.py

gate_rows.json is a list of {"answerable": bool, "best_sentence": x, "weakest_word": y}, one per question of
gate_training.json (and its answerable questions asked against a foreign corpus, which are not answerable there).
Needs numpy.
"""
import json
import sys

import numpy as np

KEYS = ["best_sentence", "weakest_word"]


def main():
    rows = json.load(open(sys.argv[1]))
    x = np.array([[row[key] for key in KEYS] for row in rows], float)
    y = np.array([row["answerable"] for row in rows], float)
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    z = np.c_[(x - mean) / deviation, np.ones(len(x))]
    share = np.where(y == 1, 1 / y.sum(), 1 / (1 - y).sum()) * len(y) / 2  # both classes weigh the same
    w = np.zeros(z.shape[1])
    for _ in range(4000):
        p = 1 / (1 + np.exp(-z @ w))
        w -= 0.5 * (z.T @ ((p - y) * share) / len(y) + 0.005 * np.r_[w[:-1], 0])
    p = 1 / (1 + np.exp(-z @ w))
    print(dict(zip(KEYS, (w[:-1] / deviation).round(3))), "bias", round(w[-1] - (w[:-1] * mean / deviation).sum(), 3))
    print("answerable accepted", int((p > 0.5)[y == 1].sum()), "of", int(y.sum()),
          "; others refused", int((p <= 0.5)[y == 0].sum()), "of", int((1 - y).sum()))


if __name__ == "__main__":
    main()
