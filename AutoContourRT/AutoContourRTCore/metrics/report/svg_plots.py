"""Box plots as SVG text, so that a report is one file and needs no plotting package."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import List, Sequence, Tuple

from AutoContourRTCore.metrics.cohort.summary import describe

_ROW, _WIDTH, _RIGHT, _TOP, _BOTTOM = 22, 520, 20, 12, 40
_LETTER = 7  # px, of a name
_BOX, _DOT, _GRID, _LIMIT, _TEXT = "#9ecae1", "#08519c", "#dddddd", "#b2182b", "#222222"


@dataclass(frozen=True)
class Series:
    """One line of a plot: its name, and (case, value) pairs; what is not finite is left out.

    limit: a value that is marked in its line; NaN for none.
    """

    name: str
    values: Sequence[Tuple[str, float]]
    limit: float = math.nan


def box_plot(series: Sequence[Series], title: str) -> str:
    """A horizontal box for each series, every value as a dot that names its case.

    Boxes: quartiles and median; whiskers: the whole range.
    """
    finite = [v for line in series for _, v in line.values if math.isfinite(v)]
    height = _TOP + _ROW * len(series) + _BOTTOM
    left = 16 + _LETTER * max([len(line.name) for line in series], default=0)
    width = left + _WIDTH + _RIGHT
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(title)}" '
        f'font-family="sans-serif" font-size="12" fill="{_TEXT}">'
    )
    if not finite:
        return head + f'<text x="{left}" y="{_TOP + 12}">no finite values</text></svg>'
    limits = [line.limit for line in series if math.isfinite(line.limit)]
    scale = _Scale(left, *_range([*finite, *limits]))
    parts = [head, *_axis(scale, title, height)]
    for n, line in enumerate(series):
        parts += _row(scale, line, _TOP + _ROW * n + _ROW / 2)
    return "\n".join([*parts, "</svg>"])


class _Scale:
    """From values to pixels along x, with round tick marks."""

    def __init__(self, left: int, low: float, high: float) -> None:
        self.left, self.low, self.high = left, low, high

    def x(self, value: float) -> float:
        return self.left + _WIDTH * (value - self.low) / (self.high - self.low)

    def ticks(self) -> List[float]:
        step = _round_step((self.high - self.low) / 6)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


def _range(values: Sequence[float]) -> Tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    return low - margin, high + margin


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= step * (1 - 1e-9))


def _axis(scale: _Scale, title: str, height: int) -> List[str]:
    bottom = height - _BOTTOM
    parts = []
    for tick in scale.ticks():
        x = scale.x(tick)
        parts.append(_line(x, _TOP, bottom, _GRID))
        parts.append(f'<text x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{tick:.4g}</text>')
    middle = scale.left + _WIDTH / 2
    parts.append(f'<text x="{middle}" y="{height - 6}" text-anchor="middle">{escape(title)}</text>')
    return parts


def _row(scale: _Scale, line: Series, y: float) -> List[str]:
    name = escape(line.name)
    parts = [f'<text x="{scale.left - 8}" y="{y + 4}" text-anchor="end">{name}</text>']
    if math.isfinite(line.limit):
        parts.append(_line(scale.x(line.limit), y - _ROW / 2, y + _ROW / 2, _LIMIT, "4 3"))
    found = describe([value for _, value in line.values])
    if not found.n:
        return [*parts, f'<text x="{scale.left + 4}" y="{y + 4}">-</text>']
    low, high, q1, q3, median = (
        scale.x(v) for v in (found.lowest, found.highest, found.q1, found.q3, found.median)
    )
    parts.append(f'<path d="M{low:.1f} {y}H{high:.1f}" stroke="{_TEXT}"/>')
    parts.append(
        f'<rect x="{q1:.1f}" y="{y - 6}" width="{max(q3 - q1, 1):.1f}" height="12" '
        f'fill="{_BOX}" stroke="{_TEXT}"/>'
    )
    parts.append(_line(median, y - 6, y + 6, _TEXT, width=2))
    for case, value in line.values:
        if math.isfinite(value):
            parts.append(
                f'<circle cx="{scale.x(value):.1f}" cy="{y}" r="2.5" fill="{_DOT}" '
                f'fill-opacity="0.7"><title>{escape(case)}: {value:.4g}</title></circle>'
            )
    return parts


def _line(
    x: float, top: float, bottom: float, color: str, dashes: str = "", width: float = 1
) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<path d="M{x:.1f} {top}V{bottom}" stroke="{color}" stroke-width="{width}"{dashed} '
        'fill="none"/>'
    )
