"""The vector scan against FAISS's flat index on the same vectors, query by query in turns in one loop.

    python3 -m venv /tmp/faiss && /tmp/faiss/bin/pip install faiss-cpu==1.15.1
    /tmp/faiss/bin/python tests/bench/scan_faiss.py build/release/scan_bench [--rows 100000]

Prints the medians, their ratio, and recall@k against the exact answer in float64. A single
query keeps FAISS's flat index on one thread, so its rows in one shard a thread are a third column.
"""
import argparse
import os
import subprocess
import tempfile
import time

import faiss
import numpy as np


def vectors(random, rows, dimensions, clusters):
    """Unit vectors around centres, as embeddings of real text are; clusters = 0: none."""
    out = random.standard_normal((rows, dimensions), dtype=np.float32)
    if clusters:
        centres = np.random.default_rng(1).standard_normal((clusters, dimensions), dtype=np.float32)
        out = 0.7 * out + centres[random.integers(0, clusters, rows)]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    return out


class Ours:
    def __init__(self, program, xb, xq, folder):
        for name, values in (("xb", xb), ("xq", xq)):
            values.tofile(os.path.join(folder, name))
        self.process = subprocess.Popen([program, os.path.join(folder, "xb"), os.path.join(folder, "xq"),
                                         str(xb.shape[1])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.isa = self.process.stdout.readline().split()[2]

    def search(self, query, k):
        self.process.stdin.write(f"{query} {k}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        return int(answer[0]) / 1e6, [int(one) for one in answer[1:]]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def timed(search):
    begin = time.perf_counter()
    out = search()
    return (time.perf_counter() - begin) * 1e3, out


def compare(options, clusters):
    random = np.random.default_rng(7)
    xb = vectors(random, options.rows, options.dimensions, clusters)
    xq = vectors(random, options.queries, options.dimensions, clusters)
    flat = faiss.IndexFlatIP(options.dimensions)
    flat.add(xb)
    shards = faiss.IndexShards(options.dimensions, True, True)  # one thread a shard
    for part in np.array_split(xb, faiss.omp_get_max_threads()):
        shard = faiss.IndexFlatIP(options.dimensions)
        shard.add(part)
        shards.add_shard(shard)
    exact = np.argsort(-(xb.astype(np.float64) @ xq.T.astype(np.float64)), axis=0, kind="stable")[:options.k]
    columns = {"hearth": [], "FAISS flat": [], "FAISS flat, sharded": []}
    hits = 0
    with tempfile.TemporaryDirectory() as folder:
        ours = Ours(options.program, xb, xq, folder)
        for i in range(options.queries):
            took, ids = ours.search(i, options.k)
            hits += len(set(ids) & set(exact[:, i].tolist()))
            columns["hearth"].append(took)
            columns["FAISS flat"].append(timed(lambda: flat.search(xq[i:i + 1], options.k))[0])
            columns["FAISS flat, sharded"].append(timed(lambda: shards.search(xq[i:i + 1], options.k))[0])
        ours.close()
    print(f"{options.rows} x {options.dimensions}, k {options.k}, {'clustered' if clusters else 'uniform'}, "
          f"{options.queries} queries, {ours.isa}, FAISS {faiss.__version__}, "
          f"{faiss.omp_get_max_threads()} threads; recall {hits / (options.k * options.queries):.4f}")
    base = np.median(columns["hearth"])
    for name, times in columns.items():
        print(f"  {name:20} median {np.median(times):8.3f} ms  p99 {np.percentile(times, 99):8.3f}"
              f"  {np.median(times) / base:6.2f} x hearth")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("-k", type=int, default=10)
    options = parser.parse_args()
    for clusters in (0, 1000):
        compare(options, clusters)


if __name__ == "__main__":
    main()
