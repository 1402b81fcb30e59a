"""HTML as text: everything that comes from outside goes through `escaped`, and only `Markup` goes in as it is."""

from __future__ import annotations

import base64
import datetime
import hashlib
import html
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from importlib import resources
from typing import Any, Final

__all__ = ["Markup", "definitions", "document", "escaped", "joined", "moment", "number", "paragraph", "section", "table"]

_EPOCH: Final = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def escaped(value: Any) -> Markup:
    """HTML of any value: markup as it is, all else as text. Control characters and those that turn the direction of writing are shown as
    a replacement character."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_CONTROL.sub("\ufffd", str(value)), quote=True))


def joined(parts: Iterable[Any]) -> Markup:
    """Parts one after the other, each escaped."""
    return Markup("".join(escaped(part) for part in parts))


def number(value: Decimal | float | int | None, decimals: int = 2, *, sign: bool = False) -> str:
    """A number with thousands separators; "none" where there is none."""
    if value is None:
        return "none"
    return f"{value:{'+' if sign else ''},.{decimals}f}"


def moment(ns: int, decimals: int = 3) -> str:
    """UTC nanoseconds as date and time with up to nine decimals. Times before year 1 or after 9999 are given as nanoseconds."""
    try:
        text = f"{_EPOCH + datetime.timedelta(seconds=ns // 10**9):%Y-%m-%d %H:%M:%S}"
    except OverflowError:
        return f"{ns} ns"
    return f"{text}.{ns % 10**9:09d}"[: len(text) + 1 + decimals] if decimals else text


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = (), name: str = "") -> Markup:
    """A table with its head; the columns in `right` are numbers."""
    numeric = frozenset(right)

    def cells(row: Sequence[Any], tag: str) -> str:
        return "".join(f"<{tag}{' class=n' if place in numeric else ''}>{escaped(cell)}</{tag}>" for place, cell in enumerate(row))

    body = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    identity = f' id="{escaped(name)}"' if name else ""
    return Markup(f'<div class="wide"><table{identity}><thead><tr>{cells(head, "th")}</tr></thead><tbody>{body}</tbody></table></div>')


def definitions(rows: Iterable[tuple[str, Any]], *, name: str = "") -> Markup:
    """Names and their values."""
    identity = f' id="{escaped(name)}"' if name else ""
    return Markup(
        f"<dl{identity}>" + "".join(f"<div><dt>{escaped(key)}</dt><dd>{escaped(value)}</dd></div>" for key, value in rows) + "</dl>"
    )


def paragraph(text: Any, kind: str = "") -> Markup:
    """A paragraph, of a class if given."""
    return Markup(f"<p{f' class={kind}' if kind else ''}>{escaped(text)}</p>")


def section(name: str, title: str, *parts: Any) -> Markup:
    """A section with a heading, reachable as #name."""
    return Markup(f'<section id="{escaped(name)}"><h2>{escaped(title)}</h2>{joined(parts)}</section>')


def document(title: str, body: Markup) -> str:
    """A whole page with its style and script in it. Its policy lets it load nothing and run no script but its own."""
    folder = resources.files("neural_trader._tearsheet")
    style, script = ((folder / name).read_text(encoding="utf-8") for name in ("style.css", "hover.js"))
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; base-uri 'none'; form-action 'none'"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">'
        f"<title>{escaped(title)}</title><style>{style}</style></head>\n<body>{body}<script>{script}</script></body></html>\n"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
