"""What remains of a gain when the prior knows the edge of the implied band."""

from __future__ import annotations

import csv
import datetime
import random
from pathlib import Path

import numpy as np
import pytest
from support import TEST, config_of

from neural_trader.models.band import beyond_the_band
from neural_trader.models.examples import Examples, Question, examples
from neural_trader.models.file import Clock
from neural_trader.sources import open_source


def coin(path: Path, count: int = 6000) -> Examples:
    """Prints that a fair coin moves by a tick: nobody can foretell them, and the band's next move all the same."""
    generator = random.Random(3)
    moment, price = datetime.datetime(2024, 3, 4, 12), 4000
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("DateTime", "Price", "Volume"))
        for _ in range(count):
            price += generator.choice((-1, 1))
            writer.writerow((moment.isoformat(sep=" ", timespec="milliseconds"), f"{price / 4:.2f}", 1))
            moment += datetime.timedelta(milliseconds=10)
    source = open_source(str(path), config_of("x", instruments={"TEST": TEST}))
    return examples(source, Question(horizon=1, kind="next_move"), clock=Clock(on="trade"), names=("sign_8", "run"))


def test_a_fair_coin_gains_over_the_prior_and_nothing_beyond_the_band(tmp_path: Path) -> None:
    found = coin(tmp_path / "coin.csv")
    rows = np.flatnonzero(found.classes >= 0)
    first, last = rows[: len(rows) // 2], rows[len(rows) // 2 :]
    edges = np.sign(found.rows.last - found.rows.mid)[found.kept]
    # A model that says what came at each edge in the first half: it knows the band and nothing else.
    said = np.empty((len(found.classes), 2))
    for edge in (-1.0, 1.0):
        share = np.mean(found.classes[first[edges[first] == edge]])
        said[edges == edge] = 1 - share, share
    remaining = beyond_the_band(said, found, first, last, seed=1)
    assert remaining is not None
    assert remaining.value == pytest.approx(0.0, abs=1e-9)
    prior = np.mean(found.classes[first])
    each = np.where(found.classes[last] == 1, np.log(said[last, 1] / prior), np.log(said[last, 0] / (1 - prior)))
    assert 1000 * each.mean() > 20  # though it gains over the plain prior
    # One that knows more gains; one that knows less loses.
    better = np.clip(said + np.stack((found.classes == 0, found.classes == 1), axis=1) * 0.1, 0, 1)
    better /= better.sum(axis=1, keepdims=True)
    more = beyond_the_band(better, found, first, last, seed=1)
    less = beyond_the_band(np.full_like(said, 0.5), found, first, last, seed=1)
    assert more is not None
    assert less is not None
    assert more.low > 0 > less.high


def test_it_is_of_implied_bands_whose_edges_have_seen_every_label(tmp_path: Path) -> None:
    found = coin(tmp_path / "coin.csv", 400)
    rows = np.flatnonzero(found.classes >= 0)
    said = np.full((len(found.classes), 2), 0.5)
    assert beyond_the_band(said, found, rows[:200], rows[200:], seed=1) is not None
    one_sided = rows[:200][found.classes[rows[:200]] == 1]
    assert beyond_the_band(said, found, one_sided, rows[200:], seed=1) is None
    object.__setattr__(found.rows, "implied", False)
    assert beyond_the_band(said, found, rows[:200], rows[200:], seed=1) is None
