"""Drawings of a model: what its probabilities are worth, how its losses fell, how long its predictions took."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._tearsheet.charts import bar_chart
from neural_trader._tearsheet.markup import Markup, escaped, number
from neural_trader.wording import counted

__all__ = ["latency_chart", "loss_chart", "reliability_chart", "reliability_rows"]

BINS: Final = 10
_WIDTH: Final = 960
_HEIGHT: Final = 320
_LEFT: Final = 84
_RIGHT: Final = 14
_TOP: Final = 10
_BOTTOM: Final = 24
_GRID: Final = 5

Points = Sequence[tuple[float, float]]
Marks = Sequence[tuple[float, str]]  # of a scale: where, and what is written there


class _Axes:
    """A drawing with two scales."""

    def __init__(self, x: tuple[float, float], y: tuple[float, float], across: Marks, up: Marks) -> None:
        self._x, self._y = x, y
        self.parts: list[str] = []
        for value, name in up:
            at = self.place((x[0], value))[1]
            self.parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            self.parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{escaped(name)}</text>')
        for value, name in across:
            at = self.place((value, y[0]))[0]
            self.parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
            self.parts.append(f'<text x="{at:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escaped(name)}</text>')

    def place(self, point: tuple[float, float]) -> tuple[float, float]:
        across = (point[0] - self._x[0]) / (self._x[1] - self._x[0])
        up = (point[1] - self._y[0]) / (self._y[1] - self._y[0])
        return _LEFT + across * (_WIDTH - _LEFT - _RIGHT), _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Points, kind: str = "series") -> None:
        path = "L".join("{:.1f} {:.1f}".format(*self.place(point)) for point in points)
        self.parts.append(f'<path class="{kind}" d="M{path}"/>')

    def dots(self, points: Points, titles: Sequence[str], kind: str = "bar") -> None:
        for point, title in zip(points, titles, strict=True):
            x, y = self.place(point)
            self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{escaped(title)}</title></circle>')

    def figure(self, name: str, caption: str) -> Markup:
        head = f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escaped(caption)}">'
        return Markup(f'<figure id="{escaped(name)}">{head}{"".join(self.parts)}</svg><figcaption>{escaped(caption)}</figcaption></figure>')


def reliability_rows(probabilities: NDArray[np.float64], came: NDArray[np.bool_]) -> list[tuple[float, float, int]]:
    """Mean probability, share that came and number of rows of up to ten bins of equal mass, in the order of the probability."""
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, BINS) if len(part)]
    return [(float(probabilities[part].mean()), float(came[part].mean()), len(part)) for part in parts]


def reliability_chart(name: str, label: str, rows: Sequence[tuple[float, float, int]]) -> Markup:
    """Said against came, for one class. On the diagonal the probabilities are what they say; both scales are of the root of the share,
    which gives small probabilities room."""
    marks = [(math.sqrt(value), f"{value:.0%}") for value in (0.0, 0.01, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)]
    axes = _Axes((0.0, 1.0), (0.0, 1.0), marks, marks)
    axes.line(((0.0, 0.0), (1.0, 1.0)), "grid")
    points = [(math.sqrt(said), math.sqrt(came)) for said, came, _ in rows]
    axes.line(points)
    axes.dots(points, [f"said {said:.2%}, came {came:.2%} of {counted(count, 'row')}" for said, came, count in rows])
    return axes.figure(name, f"{label}: probability said (across) and share that came (up), {counted(len(rows), 'bin')} of equal mass")


def loss_chart(losses: Sequence[float], validation_losses: Sequence[float], best_epoch: int) -> Markup:
    """Mean loss of each epoch: of training, and of the part that ends it. At least one epoch."""
    both = [*losses, *validation_losses]
    low, high = min(both), max(both)
    room = (high - low) * 0.05 or max(abs(low), 1.0) * 0.01
    epochs = len(losses)
    step = max(epochs // 10, 1)
    across = [(float(epoch), f"{epoch}") for epoch in range(1, epochs + 1, step)]
    bottom, top = low - room, high + room
    up = [(value, number(value, 4)) for value in np.linspace(bottom, top, _GRID + 1).tolist()]
    axes = _Axes((1.0 if epochs > 1 else 0.0, float(max(epochs, 2))), (bottom, top), across, up)
    for values, kind in ((losses, "series"), (validation_losses, "series fall")):
        points = [(float(epoch), value) for epoch, value in enumerate(values, 1)]
        axes.line(points, kind)
    axes.dots(
        [(float(best_epoch), validation_losses[best_epoch - 1])],
        [f"epoch {best_epoch}: {validation_losses[best_epoch - 1]:.6f}"],
        "bar loss",
    )
    caption = f"Loss in nats a row, by epoch: training (first colour) and validation (second); kept is epoch {best_epoch}, the dot"
    return axes.figure("loss-chart", caption)


def latency_chart(latency_ns: NDArray[np.int64]) -> Markup:
    """Predictions of one row by how long they took, in eighths of an octave up to the 99.5th percentile. At least one."""
    most = float(np.percentile(latency_ns, 99.5))
    shown = latency_ns[latency_ns <= max(most, float(latency_ns.min()))]
    places = np.floor(np.log2(np.maximum(shown, 1)) * 8).astype(np.int64)
    counts = np.bincount(places - places.min())
    step = max(len(counts) // 12, 1)
    bars = []
    for place, count in enumerate(counts.tolist()):
        edge = 2 ** ((place + int(places.min())) / 8)
        bars.append((f"{edge / 1000:.2f} µs" if place % step == 0 else "", float(count), f"{count:,}" if count else ""))
    left = len(latency_ns) - len(shown)
    beyond = f"{left:,} longer than {most / 1000:.2f} µs are not drawn"
    caption = f"{counted(len(latency_ns), 'prediction')} of one row by duration, from Python; {beyond}"
    return bar_chart("model-latency-chart", caption, bars)
