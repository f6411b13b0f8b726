"""Exact 200 nearest of 1,000 queries among 50,000 x 512 by inner product: faiss, and torch."""
import time

import faiss
import numpy as np
import torch

torch.set_num_threads(1)
faiss.omp_set_num_threads(1)
rng = np.random.default_rng(0)


def rows(n):
    x = rng.normal(size=(n, 512)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


base, queries = rows(50000), rows(1000)
index = faiss.IndexFlatIP(512)
index.add(base)
tb, tq = torch.from_numpy(base), torch.from_numpy(queries)


def median_ms(work, rounds=5):
    work()
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return 1e3 * float(np.median(times))


print(f"knn/faiss {median_ms(lambda: index.search(queries, 200)):.1f} ms")
print(f"knn/torch {median_ms(lambda: (tq @ tb.T).topk(200)):.1f} ms")
