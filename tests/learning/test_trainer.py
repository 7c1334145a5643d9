"""The loop on a toy: a line fitted to points, with a validation loss that is told what to be."""

from __future__ import annotations

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from brandfit.errors import MissingExtra, UsageError  # noqa: E402
from brandfit.learning.trainer import (  # noqa: E402
    CHECKPOINT,
    Checkpoints,
    Objective,
    Schedule,
    need_torch,
    train,
)


class Killed(Exception):
    pass


def run(
    folder=None,
    killed_at=None,
    epochs=8,
    validation=None,
    patience=10,
    name="toy",
    seed=0,
    optimiser=torch.optim.Adam,
):
    """Train the toy; returns its weights, the history, and the epochs that were ticked."""
    with torch.random.fork_rng():
        network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.5), torch.nn.Linear(4, 1))
    with torch.no_grad():
        for p in network.parameters():
            p.copy_(torch.linspace(-1, 1, p.numel()).reshape(p.shape))
    x = torch.linspace(-1, 1, 60).reshape(20, 3)
    ticks, judged = [], iter(validation or ())

    def batches(rng):
        order = rng.permutation(20)
        yield from (order[:10], order[10:])

    def tick(done, total):
        ticks.append((done, total))
        if done == killed_at:
            raise Killed

    history = train(
        network,
        optimiser(network.parameters(), lr=0.01),
        objective=Objective(
            batches=batches,
            loss=lambda rows: (
                (network(x[torch.from_numpy(rows)]).squeeze(-1) - x[torch.from_numpy(rows)].sum(-1))
                .square()
                .mean()
            ),
            validate=(lambda: next(judged)) if validation is not None else None,
        ),
        schedule=Schedule(epochs, patience=patience),
        seed=seed,
        checkpoints=Checkpoints(folder, name),
        progress=tick,
    )
    return torch.cat([p.detach().flatten() for p in network.parameters()]), history, ticks


def test_the_seed_decides_and_the_global_generators_stay_untouched():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one, history, ticks = run()
    assert (torch.get_rng_state() == before).all()
    torch.manual_seed(99)
    assert (run()[0] == one).all()
    assert (run(seed=1)[0] != one).any()
    assert history.best == history.epochs == 8
    assert ticks == [(n, 8) for n in range(9)]


def test_training_lowers_the_loss():
    _, history, _ = run(epochs=60)
    assert np.mean(history.loss[-10:]) < 0.7 * np.mean(history.loss[:10])


def test_the_best_weights_are_restored_and_patience_ends_it():
    best, history, ticks = run(epochs=50, validation=[9.0, 5.0, 4.0, 6.0, 4.0, 7.0], patience=3)
    assert history.validation == [9.0, 5.0, 4.0, 6.0, 4.0, 7.0]
    assert history.best == 2
    assert history.epochs == 5
    assert (best == run(epochs=2)[0]).all()
    assert ticks[-1] == (50, 50)


def test_untrained_weights_are_kept_where_training_only_harms():
    kept, history, _ = run(epochs=50, validation=[1.0, 2.0, 3.0], patience=2)
    assert history.best == 0
    assert (kept == run(epochs=0)[0]).all()


@pytest.mark.parametrize("optimiser", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize(("share", "resumed_from"), [(1e9, 3), (0, 1)])
def test_a_killed_training_resumes_to_the_same_result(tmp_path, monkeypatch, optimiser, share, resumed_from):
    monkeypatch.setattr("brandfit.learning.trainer.MAX_CHECKPOINT_SHARE", share)
    validation = [9.0, 5.0, 4.0, 6.0, 4.5, 3.0, 7.0, 7.0, 7.0]
    whole, history, _ = run(validation=validation, optimiser=optimiser)
    with pytest.raises(Killed):
        run(tmp_path, killed_at=3, validation=validation, optimiser=optimiser)
    again, resumed, ticks = run(tmp_path, validation=validation[resumed_from + 1 :], optimiser=optimiser)
    assert ticks[0] == (resumed_from, 8)
    assert resumed == history
    assert (again == whole).all()


def test_a_finished_training_is_not_repeated_and_another_run_or_version_starts_anew(tmp_path, monkeypatch):
    whole, history, _ = run(tmp_path)
    again, same, ticks = run(tmp_path)
    assert ticks == [(8, 8)]
    assert same == history
    assert (again == whole).all()
    assert run(tmp_path, name="another")[2][0] == (0, 8)
    assert run(tmp_path, name="another")[2] == [(8, 8)]
    monkeypatch.setattr("brandfit.learning.trainer.__version__", "0.0.0")
    assert run(tmp_path, name="another")[2][0] == (0, 8)


def test_a_damaged_checkpoint_costs_time_not_the_result(tmp_path):
    whole, _, _ = run(tmp_path)
    file = tmp_path / CHECKPOINT
    file.write_bytes(file.read_bytes()[:100])
    again, _, ticks = run(tmp_path)
    assert ticks[0] == (0, 8)
    assert (again == whole).all()
    assert [f.name for f in tmp_path.iterdir()] == [CHECKPOINT]


def test_a_diverging_training_says_so():
    network = torch.nn.Linear(1, 1)
    with pytest.raises(UsageError, match="loss of epoch 1 is nan"):
        train(
            network,
            torch.optim.Adam(network.parameters()),
            objective=Objective(
                batches=lambda rng: [0], loss=lambda _: network(torch.ones(1)).sum() * np.nan
            ),
            schedule=Schedule(3),
            seed=0,
        )


def test_a_missing_torch_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r'wsim needs .*\n.*pip install "brandfit\[learn\]"'):
        need_torch("wsim")
