"""Write what the TypeScript package knows of a configuration, from the structs of neural_trader/config.py and their rules.

    python bindings/node/generate_config.py            write the generated file
    python bindings/node/generate_config.py --check    exit 1 and show a diff when it is stale

Each struct becomes a table of its fields, the type of the documents that a program writes, and the type that is left once they are checked.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from neural_trader import _fields as rule
from neural_trader.config import Config
from neural_trader.errors import ConfigProblem

ROOT: Final = Path(__file__).resolve().parents[2]
NAME: Final = "bindings/node/src/generated/config_schema.ts"
NOTICE: Final = "// Generated from the rules of neural_trader/config.py by bindings/node/generate_config.py; do not edit."

# Kinds of rules without bounds: the type that a document has, and the one that checking leaves.
SIMPLE: Final = {
    "text": ("string", "string"),
    "name": ("string", "string"),
    "currency": ("string", "string"),
    "currency_pair": ("string", "string"),
    "flag": ("boolean", "boolean"),
    "local_time": ("string", "string"),
    "local_date": ("string", "string"),
    "time_zone": ("string", "string"),
    "anything": ("unknown", "unknown"),
    "mode": ('"paper"', '"paper"'),
    "source_paths": ("string | readonly string[]", "string | readonly string[]"),
    "strategy": ("string", "string"),
    "weekdays": ("string", "string"),
}
ALWAYS_GIVEN: Final = {("Config", "accounts")}  # examine asks for them, though a constructor call in Python need not name them


def structs(kind: type[msgspec.Struct] = Config) -> Iterator[type[msgspec.Struct]]:
    """Every struct of a configuration, those that others hold first."""
    found: dict[type[msgspec.Struct], None] = {}
    for expected in rule.rules_of(kind).values():
        item = expected.item if isinstance(expected, rule.Table) else expected
        if isinstance(item, rule.Nested):
            found.update(dict.fromkeys(structs(item.struct)))
    yield from found
    yield kind


def simple_rules(kinds: list[type[msgspec.Struct]]) -> dict[str, str]:
    """What each rule without bounds takes, by its kind."""
    pending: list[rule.Rule] = [expected for kind in kinds for expected in rule.rules_of(kind).values()]
    found = {}
    for expected in pending:
        if isinstance(expected, rule.Table):
            pending += [expected.key, expected.item]
        elif isinstance(expected, rule.Simple):
            found[expected.kind] = expected.takes
    return found


def document_name(kind: type[msgspec.Struct]) -> str:
    """The type of its documents: InstrumentConfig, KernelConfig."""
    return "KernelConfig" if kind is Config else kind.__name__ if kind.__name__.endswith("Config") else f"{kind.__name__}Config"


def checked_name(kind: type[msgspec.Struct]) -> str:
    """The type that checking leaves: SoundInstrument, SoundConfig."""
    return f"Sound{kind.__name__}"


def rule_text(expected: rule.Rule) -> str:
    """A rule as a TypeScript object."""
    bounds: dict[str, str] = {}
    if isinstance(expected, rule.Choice | rule.Words):
        bounds = {"allowed": json.dumps(expected.allowed)}
    elif isinstance(expected, rule.Whole):
        bounds = {"minimum": str(expected.minimum), "maximum": str(expected.maximum)}
    elif isinstance(expected, rule.Number):
        bounds = {name: "null" if (bound := getattr(expected, name)) is None else f"{bound}n" for name in ("above", "least", "most")}
    elif isinstance(expected, rule.Nested):
        bounds = {"struct": json.dumps(expected.struct.__name__)}
    elif isinstance(expected, rule.Table):
        bounds = {"key": rule_text(expected.key), "item": rule_text(expected.item)}
    elif expected.kind not in SIMPLE:
        raise TypeError(f"rules of kind {expected.kind} have no TypeScript; teach this program and config_rules.ts about them")
    return f"{{ {', '.join([f'kind: {json.dumps(expected.kind)}', *(f'{key}: {text}' for key, text in bounds.items())])} }}"


def type_text(expected: rule.Rule, checked: bool) -> str:
    """The TypeScript type of a document's value, or of a checked one."""
    if isinstance(expected, rule.Choice):
        return " | ".join(map(json.dumps, expected.allowed))
    if isinstance(expected, rule.Words):
        words = " | ".join(map(json.dumps, expected.allowed))
        return f"readonly ({words})[]" if words else "readonly string[]"
    if isinstance(expected, rule.Whole):
        return "number" if checked else "number | bigint"
    if isinstance(expected, rule.Number):
        return "Exact" if checked else "number | bigint"
    if isinstance(expected, rule.Nested):
        return checked_name(expected.struct) if checked else document_name(expected.struct)
    if isinstance(expected, rule.Table):
        item = type_text(expected.item, checked)
        return f"ReadonlyMap<string, {item}>" if checked else f"Readonly<Record<string, {item}>>"
    return SIMPLE[expected.kind][checked]


def plain_default(value: Any) -> Any:
    """A default as a document has it: what equals its type's own defaults is left out."""
    if isinstance(value, msgspec.Struct):
        return {
            field.name: plain_default(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
            if field.required or getattr(value, field.name) != default_of(field)
        }
    return {key: plain_default(item) for key, item in value.items()} if isinstance(value, dict) else value


def default_of(field: msgspec.structs.FieldInfo) -> Any:
    """The default of a field, made where it is a mutable one."""
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def field_text(field: msgspec.structs.FieldInfo, expected: rule.Rule) -> str:
    """A field of the table."""
    if field.required:
        return f"{{ rule: {rule_text(expected)}, required: true, standard: undefined }}"
    value = plain_default(default_of(field))
    problems: list[ConfigProblem] = []
    if value is not None and (expected(value, field.name, problems) is rule.REFUSED or problems):
        raise ValueError(f"the default of {field.name} is refused by its own rule: {problems}")
    return f"{{ rule: {rule_text(expected)}, required: false, standard: {json.dumps(value)} }}"


def interfaces(kind: type[msgspec.Struct]) -> Iterator[str]:
    """The types of documents and of what checking leaves of them."""
    rules = rule.rules_of(kind)
    yield f"export interface {document_name(kind)} {{"
    for field in msgspec.structs.fields(kind):
        optional = not field.required and (kind.__name__, field.name) not in ALWAYS_GIVEN
        standard = plain_default(default_of(field)) if optional else None
        unless = "" if standard in (None, {}) else f"; {json.dumps(standard)} unless given"
        if not _holds_struct(rules[field.name]):
            yield f"  /** {rules[field.name].takes}{unless} */"
        absent = " | null" if optional and default_of(field) is None else ""
        yield f"  readonly {field.name}{'?' if optional else ''}: {type_text(rules[field.name], checked=False)}{absent};"
    yield from ("}", "", f"export interface {checked_name(kind)} {{")
    for field in msgspec.structs.fields(kind):
        absent = " | null" if not field.required and default_of(field) is None else ""
        yield f"  readonly {field.name}: {type_text(rules[field.name], checked=True)}{absent};"
    yield from ("}", "")


def _holds_struct(expected: rule.Rule) -> bool:
    """Whether its type says it all."""
    return isinstance(expected, rule.Nested) or (isinstance(expected, rule.Table) and _holds_struct(expected.item))


def table(kind: type[msgspec.Struct]) -> Iterator[str]:
    """The fields of a struct."""
    yield f"  {kind.__name__}: new Map<string, Field>(["
    for field in msgspec.structs.fields(kind):
        yield f"    [{json.dumps(field.name)}, {field_text(field, rule.rules_of(kind)[field.name])}],"
    yield "  ]),"


def generated() -> str:
    """The text of the file."""
    kinds = list(structs())
    names = " | ".join(json.dumps(kind.__name__) for kind in kinds)
    simple = " | ".join(json.dumps(kind) for kind in SIMPLE)
    lines = [
        NOTICE,
        "",
        'import type { Exact } from "../numbers.ts";',
        "",
        f"export type SimpleKind = {simple};",
        f"export type StructName = {names};",
        "",
        "/** How a value is checked. */",
        "export type Rule =",
        "  | { readonly kind: SimpleKind }",
        '  | { readonly kind: "choice" | "words"; readonly allowed: readonly string[] }',
        '  | { readonly kind: "whole"; readonly minimum: number; readonly maximum: number }',
        '  | { readonly kind: "number"; readonly above: bigint | null; readonly least: bigint | null; readonly most: bigint }',
        '  | { readonly kind: "nested"; readonly struct: StructName }',
        '  | { readonly kind: "table"; readonly key: Rule; readonly item: Rule };',
        "",
        "/** A key of a table. `standard` is its value where the key is not given; where that is null, null may be given, too. */",
        "export interface Field {",
        "  readonly rule: Rule;",
        "  readonly required: boolean;",
        "  readonly standard: unknown;",
        "}",
        "",
    ]
    for kind in kinds:
        lines += interfaces(kind)
    lines += ["/** What the rules without bounds take, in words. */", "export const TAKES: Readonly<Record<SimpleKind, string>> = {"]
    lines += [f"  {kind}: {json.dumps(words)}," for kind, words in sorted(simple_rules(kinds).items())]
    lines += ["};", ""]
    lines.append("export const STRUCTS: Readonly<Record<StructName, ReadonlyMap<string, Field>>> = {")
    for kind in kinds:
        lines += table(kind)
    return "\n".join([*lines, "};"]) + "\n"


def main(arguments: list[str]) -> int:
    """Run as a command; the exit status is 1 for a stale file."""
    if arguments not in ([], ["--check"]):
        print("usage: python bindings/node/generate_config.py [--check]", file=sys.stderr)
        return 2
    path, text = ROOT / NAME, generated()
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    if found == text:
        return 0
    if arguments == ["--check"]:
        sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), text.splitlines(True), NAME, f"{NAME} (generated)"))
        print("stale: run python bindings/node/generate_config.py and commit what it writes", file=sys.stderr)
        return 1
    path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
