"""Topics of real captions: text.lda beside scikit-learn's LDA on the same words, in one run.

    python studies/lda.py WORKSPACE [--topics 20] [--seeds 3]

Documents are the cleaned captions of an account. One of ten is held out; perplexity is by document completion
with the same inference for both: of every second word, given the others. Below, scikit-learn's is batch
variational Bayes until its own bound moves less than its default tolerance between checks, ten passes at most
(its default) and fifty.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.decomposition import LatentDirichletAllocation

from brandfit.encoders.text._words import vocabulary
from brandfit.encoders.text.lda import LDA, LDAConfig, Topics, _counts, fit_topics, perplexity
from brandfit.workspace import Workspace


def scikit_learn(counts: sparse.csr_matrix, words: list[str], topics: int, passes: int, seed: int) -> Topics:
    model = LatentDirichletAllocation(topics, max_iter=passes, evaluate_every=1, random_state=seed).fit(
        counts
    )
    shares = model.components_ / model.components_.sum(axis=1, keepdims=True)
    return Topics(words, shares, np.full(topics, model.doc_topic_prior_))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--topics", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    config = LDAConfig(topics=asked.topics)
    encoder = LDA(config)
    with Workspace(asked.workspace) as workspace:
        encoder.learn(workspace.dataset())
    words = vocabulary(encoder._documents, config.min_accounts, config.max_share)
    inside = set(words)
    documents = [
        kept for document in encoder._documents if (kept := [word for word in document if word in inside])
    ]
    held, told = documents[::10], [document for n, document in enumerate(documents) if n % 10]
    empty = Topics(words, np.zeros((1, len(words))), np.ones(1))
    counts = _counts(empty, told)
    print(
        f"{len(documents):,} documents, {len(words):,} words, {sum(map(len, documents)):,} tokens, "
        f"{asked.topics} topics"
    )
    made = {
        "brandfit, 300 rounds": lambda seed: fit_topics(
            told, asked.topics, LDAConfig(topics=asked.topics, seed=seed)
        ),
        "scikit-learn, 10 passes": lambda seed: scikit_learn(counts, words, asked.topics, 10, seed),
        "scikit-learn, 50 passes": lambda seed: scikit_learn(counts, words, asked.topics, 50, seed),
    }
    for name, make in made.items():
        seconds, found = [], []
        for seed in range(asked.seeds):
            started = time.perf_counter()
            model = make(seed)
            seconds.append(time.perf_counter() - started)
            found.append(perplexity(model, held))
        print(
            f"{name:<24} held-out perplexity {np.mean(found):7.1f} ± {np.std(found):.1f}   "
            f"{np.median(seconds):6.1f} s"
        )


if __name__ == "__main__":
    main()
