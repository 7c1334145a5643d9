"""Our metrics beside other implementations, on 1,000 random brands with and without ties."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score, roc_auc_score

from brandfit.evaluation.metrics import AUC, MAP, MRR, NDCG, Recall, blocks

CASES = 1000


def cases():
    """(scores, relevant): every other one with many ties; pools from 5 to 120 candidates."""
    rng = np.random.default_rng(0)
    for case in range(CASES):
        n = int(rng.integers(5, 120))
        relevant = np.zeros(n, bool)
        relevant[rng.choice(n, int(rng.integers(1, max(n // 3, 2))), replace=False)] = True
        yield (rng.normal(size=n) if case % 2 else rng.integers(0, 6, n) / 4.0), relevant


@pytest.mark.parametrize("ties", ["pessimistic", "optimistic"])
def test_trec_eval_agrees_on_what_it_has_with_partners_last_or_first_among_ties(ties):
    """trec_eval puts equal scores in the falling order of their names: named so, that is the one rule or the
    other."""
    ir = pytest.importorskip("ir_measures")
    theirs = {
        Recall(10): ir.R @ 10,
        Recall(50): ir.R @ 50,
        MRR(): ir.RR,
        MAP(): ir.AP,
        NDCG(10): ir.nDCG @ 10,
    }
    truth, run, ours = [], [], {}
    for case, (scores, relevant) in enumerate(cases()):
        prefix = {True: "a" if ties == "pessimistic" else "z", False: "m"}
        names = [f"{prefix[bool(r)]}{n:03d}" for n, r in enumerate(relevant)]
        truth += [ir.Qrel(str(case), name, int(r)) for name, r in zip(names, relevant, strict=True)]
        run += [ir.ScoredDoc(str(case), name, float(s)) for name, s in zip(names, scores, strict=True)]
        found = blocks(scores, relevant)
        ours |= {(case, theirs[metric]): metric.value(found, ties) for metric in theirs}
    seen = 0
    for value in ir.iter_calc(list(theirs.values()), truth, run):
        assert value.value == pytest.approx(ours[int(value.query_id), value.measure], abs=1e-9), value
        seen += 1
    assert seen == CASES * len(theirs)


def test_scikit_learn_agrees_with_the_mean_over_all_orders_of_ties():
    for scores, relevant in cases():
        found = blocks(scores, relevant)
        assert AUC().value(found, "expected") == pytest.approx(roc_auc_score(relevant, scores), abs=1e-12)
        theirs = ndcg_score(relevant[None].astype(float), scores[None], k=10)
        assert NDCG(10).value(found, "expected") == pytest.approx(theirs, abs=1e-12)
