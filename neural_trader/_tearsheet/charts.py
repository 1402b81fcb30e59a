"""Drawings as SVG. A line of any length becomes at most four points per pixel column (first, lowest, highest, last), so that no extreme is
lost and the size of a page does not follow the length of its tape."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader._tearsheet.markup import Markup, escaped, moment

__all__ = ["Marks", "bar_chart", "line_chart", "thinned"]

_WIDTH: Final = 960
_LEFT: Final = 84
_RIGHT: Final = 14
_TOP: Final = 10
_BOTTOM: Final = 24
_COLUMNS: Final = _WIDTH - _LEFT - _RIGHT
_NS: Final = 1_000_000_000
_DAY_NS: Final = 86_400 * _NS
_TIME_STEPS_S: Final = (
    *(value * 10**-exponent for exponent in range(9, 0, -1) for value in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200),
    *(days * 86_400 for days in (1, 2, 7, 14, 30, 90, 180, 365, 1826, 3652)),
)


@dataclass(frozen=True, eq=False)
class Marks:
    """Triangles on a chart: times in nanoseconds, values, and whether each points up (a buy)."""

    ts: NDArray[np.int64]
    values: NDArray[np.float64]
    up: NDArray[np.bool_]


def thinned(ts: NDArray[np.int64], values: NDArray[np.float64], columns: int) -> NDArray[np.int64]:
    """Ascending indices of the first, lowest, highest and last point of each of `columns` equal stretches of time."""
    if len(ts) == 0:
        return np.empty(0, np.int64)
    span = max(int(ts[-1]) - int(ts[0]), 1)
    column = np.minimum((ts - ts[0]) / span * columns, columns - 1).astype(np.int64)
    starts = np.flatnonzero(np.concatenate(([True], column[1:] != column[:-1])))
    ends = np.concatenate((starts[1:], [len(ts)]))
    chosen: set[int] = set()
    for begin, end in zip(starts.tolist(), ends.tolist(), strict=True):
        part = values[begin:end]
        chosen.update((begin, begin + int(part.argmin()), begin + int(part.argmax()), end - 1))
    return np.array(sorted(chosen), np.int64)


def line_chart(
    name: str,
    caption: str,
    ts: NDArray[np.int64],
    values: NDArray[np.float64],
    *,
    label: Callable[[float], str],
    kind: str = "",
    marks: Marks | None = None,
    height: int = 260,
) -> Markup:
    """A line over time. `label` writes a value, `kind` is a class of the line."""
    left, right = int(ts[0]), int(ts[-1])
    if marks is not None and len(marks.ts):
        left, right = min(left, int(marks.ts.min())), max(right, int(marks.ts.max()))
    low, high = _range(np.concatenate((values, marks.values)) if marks is not None else values)
    inner = height - _TOP - _BOTTOM

    def x_of(at: int) -> float:
        return _LEFT + (at - left) / max(right - left, 1) * _COLUMNS

    def y_of(value: float) -> float:
        return _TOP + (high - value) / (high - low) * inner

    kept = thinned(ts, values, _COLUMNS)
    xs = [round(x_of(at), 1) for at in ts[kept].tolist()]
    ys = [round(y_of(value), 1) for value in values[kept].tolist()]
    parts = [*_value_grid(low, high, y_of, label), *_time_grid(left, right, x_of, height)]
    parts.append(f'<path class="series {kind}" d="M{"L".join(f"{x:g} {y:g}" for x, y in zip(xs, ys, strict=True))}"/>')
    if marks is not None:
        parts += _triangles(marks, x_of, y_of)
    parts.append(f'<line class="cross" x1="0" x2="0" y1="{_TOP}" y2="{height - _BOTTOM}"/>')
    last: dict[int, int] = {int(x): place for place, x in enumerate(xs)}  # one readout a column, of its last point
    places = list(last.values())
    texts = [f"{moment(int(ts[kept[place]]))} UTC: {label(float(values[kept[place]]))}" for place in places]
    points = json.dumps({"x": [xs[place] for place in places], "text": texts}, separators=(",", ":"))
    return _figure(name, caption, height, parts, f' tabindex="0" data-points="{escaped(points)}"')


def bar_chart(name: str, caption: str, bars: Sequence[tuple[str, float, str]], *, height: int = 200) -> Markup:
    """Bars: (name below, value, text at the bar). Negative ones hang and are of class loss."""
    low, high = _range(np.array([0.0, *(value for _, value, _ in bars)]), pad=0.12)
    inner = height - _TOP - _BOTTOM
    pitch = _COLUMNS / max(len(bars), 1)

    def y_of(value: float) -> float:
        return _TOP + (high - value) / (high - low) * inner

    parts = [f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y_of(0):.1f}" y2="{y_of(0):.1f}"/>']
    for place, (below, value, text) in enumerate(bars):
        x, wide = _LEFT + place * pitch + pitch * 0.1, pitch * 0.8
        top, bottom = sorted((y_of(value), y_of(0)))
        loss = " loss" if value < 0 else ""
        title = f"<title>{escaped(f'{below}: {text}')}</title>"
        parts.append(f'<rect class="bar{loss}" x="{x:.1f}" y="{top:.1f}" width="{wide:.1f}" height="{bottom - top:.1f}">{title}</rect>')
        middle = f'x="{x + wide / 2:.1f}" text-anchor="middle"'
        parts.append(f'<text {middle} y="{height - 8}">{escaped(below)}</text>')
        parts.append(f'<text {middle} y="{(bottom + 12 if value < 0 else top - 3):.1f}">{escaped(text)}</text>')
    return _figure(name, caption, height, parts, "")


def _figure(name: str, caption: str, height: int, parts: Sequence[str], attributes: str) -> Markup:
    head = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escaped(caption)}"{attributes}>'
    return Markup(f'<figure id="{escaped(name)}">{head}{"".join(parts)}</svg><figcaption>{escaped(caption)}</figcaption></figure>')


def _range(values: NDArray[np.float64], pad: float = 0.04) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        room = abs(low) * 0.001 or 1.0
        return low - room, high + room
    room = (high - low) * pad
    return low - room, high + room


def _value_grid(low: float, high: float, y_of: Callable[[float], float], label: Callable[[float], str]) -> list[str]:
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    parts = []
    for count in range(math.ceil(low / step), math.floor(high / step) + 1):
        y = y_of(count * step)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{escaped(label(count * step))}</text>')
    return parts


def _time_grid(left: int, right: int, x_of: Callable[[int], float], height: int) -> list[str]:
    span_s = max(right - left, 1) / _NS
    step_s = next((step for step in _TIME_STEPS_S if span_s / step <= 8), math.ceil(span_s / 8))
    step = max(round(step_s * _NS), 1)
    decimals = max(0, -math.floor(math.log10(step_s))) if step_s < 1 else 0
    parts = []
    for at in range(-(-left // step) * step, right + 1, step):
        text = moment(at, decimals)
        shown = text[:10] if step_s >= 86_400 or at % _DAY_NS == 0 else text[11:]
        parts.append(f'<line class="grid" x1="{x_of(at):.1f}" x2="{x_of(at):.1f}" y1="{_TOP}" y2="{height - _BOTTOM}"/>')
        parts.append(f'<text x="{x_of(at):.1f}" y="{height - 8}" text-anchor="middle">{escaped(shown)}</text>')
    return parts


def _triangles(marks: Marks, x_of: Callable[[int], float], y_of: Callable[[float], float]) -> list[str]:
    """One path a side; marks that fall on the same four pixels are drawn once."""
    parts = []
    rows: list[tuple[Any, str, int]] = [(True, "buy", 1), (False, "sell", -1)]
    for up, kind, direction in rows:
        chosen = marks.up == up
        places = sorted(
            {
                (round(x_of(at) / 4) * 4, round(y_of(value) / 4) * 4)
                for at, value in zip(marks.ts[chosen].tolist(), marks.values[chosen].tolist(), strict=True)
            }
        )
        shapes = "".join(f"M{x} {y}l-4 {7 * direction}h8z" for x, y in places)
        parts.append(f'<path class="{kind}" d="{shapes}"/>')
    return parts
