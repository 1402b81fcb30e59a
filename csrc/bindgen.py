"""Write every generated file from csrc/neural_trader.h.

    python csrc/bindgen.py            write the generated files
    python csrc/bindgen.py --check    exit 1 and show a diff when one is stale
    python csrc/bindgen.py --cffi C   write the C source of the compiled cffi module (used by the build, not committed)

The header is parsed by pycparser into one model (`Abi`); each emitter turns that model into the text of one file. Needs pycparser only,
and cffi for --cffi.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import bindgen_javascript
from pycparser import c_ast, c_parser

SCALARS = {
    "char": 1,
    "int8_t": 1,
    "uint8_t": 1,
    "int16_t": 2,
    "uint16_t": 2,
    "int32_t": 4,
    "uint32_t": 4,
    "int64_t": 8,
    "uint64_t": 8,
    "float": 4,
    "double": 8,
}
NUMPY = {
    "int8_t": "i1",
    "uint8_t": "u1",
    "int16_t": "<i2",
    "uint16_t": "<u2",
    "int32_t": "<i4",
    "uint32_t": "<u4",
    "int64_t": "<i8",
    "uint64_t": "<u8",
    "float": "<f4",
    "double": "<f8",
}
NOTICE = "Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit."


class HeaderError(Exception):
    """The header says something that cannot be bound."""


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a record. Fields of anonymous structs and unions belong to the record and may overlap."""

    name: str
    type: str
    count: int | None
    offset: int

    @property
    def bytes(self) -> int:
        """Size of the field."""
        return SCALARS[self.type] * (1 if self.count is None else self.count)


@dataclasses.dataclass(frozen=True)
class Record:
    """A struct without implicit padding."""

    name: str
    bytes: int
    fields: tuple[Field, ...]


@dataclasses.dataclass(frozen=True)
class Enum:
    """An enum: C names and values in the order of the header."""

    name: str
    members: tuple[tuple[str, int], ...]

    @property
    def is_flag(self) -> bool:
        """Whether members are bits that combine."""
        return self.name.endswith("_flag")

    @property
    def prefix(self) -> str:
        """What all members' names begin with."""
        names = [name for name, _ in self.members]
        if len(names) == 1:
            prefix = "NT_"
            for word in self.name.upper().split("_")[1:]:
                if not names[0].startswith(prefix + word + "_"):
                    break
                prefix += word + "_"
            return prefix
        low, high = min(names), max(names)
        common = next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))
        return low[: low.rfind("_", 0, common) + 1]


@dataclasses.dataclass(frozen=True)
class Parameter:
    """A parameter of a function. type is the scalar or record, pointers is how many stars it has."""

    name: str
    type: str
    pointers: int
    const: bool


@dataclasses.dataclass(frozen=True)
class Function:
    """An exported function."""

    name: str
    result: str
    parameters: tuple[Parameter, ...]


@dataclasses.dataclass(frozen=True)
class Abi:
    """Everything that the header declares."""

    constants: dict[str, int]
    enums: tuple[Enum, ...]
    records: tuple[Record, ...]
    functions: tuple[Function, ...]
    declarations: str

    def layout_text(self) -> str:
        """What the layout hash covers: records with sizes, field names, types and offsets; enums with values."""
        lines = []
        for record in self.records:
            lines.append(f"record {record.name} {record.bytes}")
            lines += [f"  {field.name} {field.type} {field.count or 1} {field.offset}" for field in record.fields]
        for enum in self.enums:
            lines.append(f"enum {enum.name}")
            lines += [f"  {name} {value}" for name, value in enum.members]
        return "\n".join(lines) + "\n"

    def layout_hash(self) -> int:
        """First 64 bits of the SHA-256 of layout_text()."""
        return int.from_bytes(hashlib.sha256(self.layout_text().encode()).digest()[:8], "big")


# ---- reading ---------------------------------------------------------------------------------------------------------------------


def parse(text: str) -> Abi:
    """Parse the text of the header."""
    text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)
    text = re.sub(r"//[^\n]*", "", text)
    constants: dict[str, int] = {}
    for name, value in re.findall(r"^[ \t]*#[ \t]*define[ \t]+(NT_[A-Z0-9_]+)[ \t]+(.*\S)[ \t]*$", text, flags=re.MULTILINE):
        if value == "INT64_MIN":
            constants[name] = -(2**63)
        elif re.fullmatch(r"-?[0-9]+", value):
            constants[name] = int(value)
        elif name != "NT_API":
            raise HeaderError(f"#define {name} {value}: only decimal integers and INT64_MIN are bound")
    text = re.sub(r"^[ \t]*#ifdef __cplusplus\n.*?^[ \t]*#endif$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^[ \t]*#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bNT_API\b[ \t]*", "", text)
    text = re.sub(r"\bNT_[A-Z0-9_]+\b", lambda match: str(constants.get(match[0], match[0])), text)
    declarations = re.sub(r"\n{2,}", "\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"
    prelude = "".join(f"typedef int {name};" for name in SCALARS if name.endswith("_t"))
    enums: list[Enum] = []
    records: list[Record] = []
    functions: list[Function] = []
    for node in c_parser.CParser().parse(prelude + "\n" + declarations, "neural_trader.h").ext:
        if isinstance(node, c_ast.Typedef):
            if isinstance(node.type.type, c_ast.Struct):
                records.append(read_record(node.name, node.type.type))
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.Enum):
            enums.append(read_enum(node.type))
        elif isinstance(node, c_ast.Decl) and isinstance(node.type, c_ast.FuncDecl):
            functions.append(read_function(node.name, node.type, {record.name for record in records}))
        else:
            raise HeaderError(f"{node.coord}: only enums, typedefs of structs and functions are bound")
    return Abi(constants, tuple(enums), tuple(records), tuple(functions), declarations)


def evaluate(node: c_ast.Node) -> int:
    """Value of an integer constant expression of the forms 1 and -1."""
    if isinstance(node, c_ast.Constant) and node.type == "int":
        return int(node.value, 0)
    if isinstance(node, c_ast.UnaryOp) and node.op == "-":
        return -evaluate(node.expr)
    raise HeaderError(f"{node.coord}: write a plain integer")


def read_enum(node: c_ast.Enum) -> Enum:
    """An enum whose values are all written out."""
    members = []
    for member in node.values.enumerators:
        if member.value is None:
            raise HeaderError(f"{node.name}: {member.name} needs a written value")
        members.append((member.name, evaluate(member.value)))
    return Enum(node.name, tuple(members))


def read_record(name: str, node: c_ast.Struct) -> Record:
    """A record with computed offsets. Implicit padding is refused: reserved bytes are named, so that they can be checked."""
    fields, size, alignment = layout(name, node, 0)
    if size % alignment:
        raise HeaderError(f"{name}: {alignment - size % alignment} bytes of implicit padding at the end; name them reserved")
    return Record(name, size, tuple(fields))


def layout(where: str, node: c_ast.Struct | c_ast.Union, start: int) -> tuple[list[Field], int, int]:
    """Fields, end offset and alignment of a struct or union that begins at start."""
    fields: list[Field] = []
    offset, end, alignment = start, start, 1
    for declaration in node.decls:
        if isinstance(node, c_ast.Union):
            offset = start
        inner = declaration.type
        if isinstance(inner, c_ast.Struct | c_ast.Union):
            nested, offset, step = layout(where, inner, offset)
            fields += nested
        else:
            kind, count = read_type(where, declaration)
            step = SCALARS[kind]
            if offset % step:
                raise HeaderError(
                    f"{where}.{declaration.name}: {step - offset % step} bytes of implicit padding before it; name them reserved"
                )
            fields.append(Field(declaration.name, kind, count, offset))
            offset = offset + fields[-1].bytes
        alignment = max(alignment, step)
        end = max(end, offset)
    return fields, end, alignment


def read_type(where: str, declaration: c_ast.Decl) -> tuple[str, int | None]:
    """Scalar type of a field and its count when it is an array."""
    node, count = declaration.type, None
    if isinstance(node, c_ast.ArrayDecl):
        count, node = evaluate(node.dim), node.type
    if declaration.bitsize is not None or not isinstance(node, c_ast.TypeDecl) or not isinstance(node.type, c_ast.IdentifierType):
        raise HeaderError(f"{where}.{declaration.name}: only scalars and arrays of scalars cross the ABI")
    kind = " ".join(node.type.names)
    if kind not in SCALARS or (kind == "char") != (count is not None and kind == "char"):
        raise HeaderError(f"{where}.{declaration.name}: {kind} is not a type of the ABI")
    return kind, count


def read_function(name: str, node: c_ast.FuncDecl, records: set[str]) -> Function:
    """A function of scalars and pointers to scalars or records."""
    parameters = []
    for parameter in node.args.params if node.args else []:
        inner, pointers = parameter.type, 0
        while isinstance(inner, c_ast.PtrDecl):
            inner, pointers = inner.type, pointers + 1
        kind = " ".join(inner.type.names)
        if kind == "void" and not pointers and parameter.name is None:
            continue
        if kind not in (SCALARS.keys() | records | {"void"}) or (not pointers and kind not in SCALARS):
            raise HeaderError(f"{name}: parameter {parameter.name} of type {kind} cannot be bound")
        parameters.append(Parameter(parameter.name, kind, pointers, "const" in inner.quals))
    return Function(name, " ".join(node.type.type.names), tuple(parameters))


# ---- writing ---------------------------------------------------------------------------------------------------------------------


def camel_case(name: str) -> str:
    """nt_order_type -> OrderType"""
    return "".join(word.capitalize() for word in name.split("_")[1:])


def emit_layout_h(abi: Abi) -> str:
    """The layout hash, and assertions that the compiler agrees with the offsets computed here."""

    def lines() -> Iterator[str]:
        yield f"/* {NOTICE} */"
        yield "#ifndef NT_LAYOUT_H"
        yield "#define NT_LAYOUT_H"
        yield ""
        yield "#include <stddef.h>"
        yield ""
        yield '#include "neural_trader.h"'
        yield ""
        yield f"#define NT_LAYOUT_HASH 0x{abi.layout_hash():016x}ULL"
        for record in abi.records:
            yield ""
            yield f'_Static_assert(sizeof({record.name}) == {record.bytes}, "{record.name}");'
            for field in record.fields:
                yield f'_Static_assert(offsetof({record.name}, {field.name}) == {field.offset}, "{record.name}.{field.name}");'
        yield ""
        yield "#endif"

    return "\n".join(lines()) + "\n"


def emit_cdef_py(abi: Abi) -> str:
    """The declarations that cffi reads. A module of its own: only the build and the fallback without a compiled module need it."""
    return f'"""Declarations for cffi. {NOTICE}"""\n\nfrom typing import Final\n\nCDEF: Final = """\n{abi.declarations}"""\n'


def emit_abi_py(abi: Abi) -> str:
    """Constants, enums, tables of names and numpy dtypes."""

    def lines() -> Iterator[str]:
        yield f'"""Constants, enums and numpy dtypes of the C ABI. {NOTICE}"""'
        yield ""
        yield "from enum import IntEnum, IntFlag"
        yield "from typing import Final"
        yield ""
        yield "import numpy as np"
        yield ""
        yield f"LAYOUT_HASH: Final = 0x{abi.layout_hash():016X}"
        yield ""
        for name, value in abi.constants.items():
            yield f"{name}: Final = {value}"
        for enum in abi.enums:
            yield ""
            for name, value in enum.members:
                yield f"{name}: Final = {value}"
        for enum in abi.enums:
            yield ""
            yield ""
            yield f"class {camel_case(enum.name)}({'IntFlag' if enum.is_flag else 'IntEnum'}):"
            yield f'    """enum {enum.name}"""'
            yield ""
            for name, value in enum.members:
                yield f"    {name.removeprefix(enum.prefix)} = {value}"
        yield ""
        yield ""
        yield "# Names by value: a dictionary look-up is much faster than an enum's."
        for enum in abi.enums:
            if not enum.is_flag:
                yield f"{enum.name.upper().removeprefix('NT_')}: Final[dict[int, str]] = {{"
                for name, value in enum.members:
                    yield f'    {value}: "{name.removeprefix(enum.prefix)}",'
                yield "}"
        yield ""
        yield "# Records. The fields of a union overlap."
        for record in abi.records:
            yield f"{record.name.upper()}: Final[np.dtype[np.void]] = np.dtype("
            yield "    {"
            for key, values in (
                ("names", [f'"{field.name}"' for field in record.fields]),
                ("formats", [numpy_format(field) for field in record.fields]),
                ("offsets", [str(field.offset) for field in record.fields]),
            ):
                yield f'        "{key}": [{", ".join(values)}],' if sum(len(v) + 2 for v in values) < 115 else f'        "{key}": ['
                if sum(len(v) + 2 for v in values) >= 115:
                    yield from (f"            {value}," for value in values)
                    yield "        ],"
            yield f'        "itemsize": {record.bytes},'
            yield "    }"
            yield ")"

    return "\n".join(lines()) + "\n"


def numpy_format(field: Field) -> str:
    """The dtype of a field as Python source."""
    if field.type == "char":
        return f'"S{field.count}"'
    return f'"{NUMPY[field.type]}"' if field.count is None else f'("{NUMPY[field.type]}", ({field.count},))'


EMITTERS: dict[str, Callable[[Abi], str]] = {
    "csrc/layout.h": emit_layout_h,
    "neural_trader/_native/abi.py": emit_abi_py,
    "neural_trader/_native/cdef.py": emit_cdef_py,
    **bindgen_javascript.EMITTERS,
}


def write_cffi_source(abi: Abi, path: Path) -> None:
    """Write the C source of the compiled module neural_trader._native._cffi."""
    from cffi import FFI

    ffi = FFI()
    ffi.cdef(abi.declarations)
    ffi.set_source("neural_trader._native._cffi", '#include "neural_trader.h"', py_limited_api=True)
    ffi.emit_c_code(str(path))


def main(arguments: list[str]) -> int:
    """Run as a command; the exit status is 1 for stale files or a header that cannot be bound."""
    parser = argparse.ArgumentParser(description="Write every file that is generated from csrc/neural_trader.h.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 and show a diff when a file is stale")
    parser.add_argument("--cffi", metavar="C", type=Path, help="write only the C source of the compiled cffi module, to this file")
    options = parser.parse_args(arguments)
    root = Path(__file__).resolve().parent.parent
    try:
        abi = parse((root / "csrc/neural_trader.h").read_text(encoding="utf-8"))
    except (HeaderError, c_parser.ParseError) as error:
        print(f"csrc/neural_trader.h: {error}", file=sys.stderr)
        return 1
    if options.cffi:
        write_cffi_source(abi, options.cffi)
        return 0
    stale = False
    for name, emit in EMITTERS.items():
        path, text = root / name, emit(abi)
        found = path.read_text(encoding="utf-8") if path.exists() else ""
        if found == text:
            continue
        if options.check:
            stale = True
            sys.stdout.writelines(difflib.unified_diff(found.splitlines(True), text.splitlines(True), name, f"{name} (generated)"))
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print("stale: run python csrc/bindgen.py and commit what it writes", file=sys.stderr)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
