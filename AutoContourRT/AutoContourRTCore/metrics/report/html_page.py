"""Plain, self-contained HTML: tables and text, nothing fetched from anywhere."""

from __future__ import annotations

from html import escape
from typing import Iterable, Sequence, Tuple

from AutoContourRTCore.metrics.choices.provenance import Provenance

_STYLE = """
body{font-family:sans-serif;color:#222;max-width:1200px;margin:2em auto;padding:0 1em}
table{border-collapse:collapse;margin:.7em 0}
th,td{border:1px solid #ccc;padding:.25em .6em;text-align:right;vertical-align:top}
td{white-space:nowrap} td.text{white-space:normal;overflow-wrap:anywhere;min-width:5em}
th{background:#eef2f6;text-align:center} td:first-child,td.text{text-align:left}
.pass{background:#d9f0d3}.borderline{background:#fff2b3}.fail{background:#f9c9c4}
caption{text-align:left;color:#555;padding-bottom:.3em}
.small{color:#555;font-size:90%} .wide{overflow-x:auto}
"""
#: A cell: its text, and a class of the style sheet ("" for none).
Cell = Tuple[str, str]


def page(title: str, parts: Iterable[str]) -> str:
    """A whole page."""
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}'
        f"</title><style>{_STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n"
        "</body></html>\n"
    )


def section(title: str, *parts: str) -> str:
    """A heading and what stands below it."""
    return f"<h2>{escape(title)}</h2>\n" + "\n".join(parts)


def paragraph(text: str, kind: str = "") -> str:
    """Text as a paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = "") -> str:
    """A table; every text is escaped."""
    lines = ['<div class="wide"><table>']
    if caption:
        lines.append(f"<caption>{escape(caption)}</caption>")
    lines.append("<tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + "</tr>")
    for row in rows:
        cells = "".join(
            f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"
            for text, kind in row
        )
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</table></div>"])


def provenance_section(provenance: Provenance) -> str:
    """What the page was made from."""
    cells = provenance.cells().items()
    rows = [((name, ""), (text or "-", "text")) for name, text in cells]
    return section("Made from", table(("what", "value"), rows))
