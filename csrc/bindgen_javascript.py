"""What bindgen.py writes for JavaScript: constants, record cursors, signatures, bound functions, and the calls of the Node-API addon.

64-bit integers come out of records as exact numbers (NaN for NT_ABSENT, a RangeError beyond 2^53) and, by the name with Raw, as bigint.
64-bit arguments of functions are numbers, 64-bit results are bigint. Each function has a closure of its own, bound once to a library: its
call site sees one target, which is what keeps fast calls fast when several libraries are open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from bindgen import Abi, Field, Function, Parameter, Record

__all__ = ["EMITTERS"]

NOTICE: Final = "Generated from csrc/neural_trader.h by csrc/bindgen.py; do not edit."
EXACT: Final = 2**53
WIDE: Final = ("int64_t", "uint64_t")
VIEWS: Final = {
    "int8_t": "Int8",
    "uint8_t": "Uint8",
    "int16_t": "Int16",
    "uint16_t": "Uint16",
    "int32_t": "Int32",
    "uint32_t": "Uint32",
    "float": "Float32",
    "double": "Float64",
}
SHORT: Final = {"int32_t": "i32", "uint32_t": "u32", "int64_t": "i64", "uint64_t": "u64"}


def words(name: str) -> str:
    """client_order_id -> clientOrderId"""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def class_name(record: Record) -> str:
    """nt_kernel_config -> KernelConfigRecord"""
    return "".join(word.capitalize() for word in record.name.split("_")[1:]) + "Record"


# ---- constants -------------------------------------------------------------------------------------------------------------------


def emit_abi(abi: Abi) -> str:
    """Constants, members of enums, and names by value."""

    def number(value: int) -> str:
        return str(value) if abs(value) < EXACT else f"{value}n"

    def key(value: int) -> str:
        return str(value) if value >= 0 else f'"{value}"'

    def lines() -> Iterator[str]:
        yield f"// {NOTICE}"
        yield ""
        yield f"export const LAYOUT_HASH = 0x{abi.layout_hash():016x}n;"
        for name, value in abi.constants.items():
            yield f"export const {name} = {number(value)};"
        for enum in abi.enums:
            yield ""
            for name, value in enum.members:
                yield f"export const {name} = {number(value)};"
        yield ""
        yield "/** Names by value. */"
        yield "export type Names = Readonly<Record<number, string>>;"
        for enum in abi.enums:
            if enum.is_flag:
                continue
            yield f"export const {enum.name.upper().removeprefix('NT_')}: Names = {{"
            for name, value in enum.members:
                yield f'  {key(value)}: "{name.removeprefix(enum.prefix)}",'
            yield "};"

    return "\n".join(lines()) + "\n"


# ---- records -------------------------------------------------------------------------------------------------------------------


def emit_records(abi: Abi) -> str:
    """A cursor for each record."""

    def lines() -> Iterator[str]:
        yield f"// {NOTICE}"
        yield ""
        yield 'import { readText, readSigned, readUnsigned, wide, writeSigned, writeText, writeUnsigned } from "../fields.ts";'
        for record in abi.records:
            yield ""
            yield f"/** A cursor over {record.name} records of {record.bytes} bytes: `at` moves it. */"
            yield f"export class {class_name(record)} {{"
            yield f"  static readonly bytes = {record.bytes};"
            yield "  readonly #view: DataView;"
            yield "  readonly #start: number;"
            yield "  #at: number;"
            yield ""
            yield "  constructor(buffer: ArrayBufferLike, offset = 0) {"
            yield "    this.#view = new DataView(buffer);"
            yield "    this.#start = this.#at = offset;"
            yield "  }"
            yield ""
            yield "  at(index: number): this {"
            yield f"    this.#at = this.#start + index * {record.bytes};"
            yield "    return this;"
            yield "  }"
            for field in record.fields:
                if not field.name.startswith("reserved"):
                    yield ""
                    yield from field_lines(field)
            yield "}"

    return "\n".join(lines()) + "\n"


def field_lines(field: Field) -> Iterator[str]:
    """Accessors of a field; of an array, methods that take an index."""
    name = words(field.name)
    if field.type == "char":
        yield f"  get {name}(): string {{"
        yield f"    return readText(this.#view, this.#at + {field.offset}, {field.count});"
        yield "  }"
        yield f"  set {name}(value: string) {{"
        yield f"    writeText(this.#view, this.#at + {field.offset}, {field.count}, value);"
        yield "  }"
        return
    size = field.bytes // (field.count or 1)
    place = f"this.#at + {field.offset}" if field.count is None else f"this.#at + {field.offset} + index * {size}"
    big = "BigInt64" if field.type == "int64_t" else "BigUint64"
    sign, signed = ("Signed", "true") if field.type == "int64_t" else ("Unsigned", "false")
    forms: list[tuple[str, str, str, str]] = []  # name, type, read, write
    if field.type in WIDE:
        forms.append((name, "number", f"read{sign}(this.#view, {place})", f"write{sign}(this.#view, {place}, value)"))
        write = f"this.#view.set{big}({place}, wide(value, {signed}), true)"
        forms.append((f"{name}Raw", "bigint", f"this.#view.get{big}({place}, true)", write))
    else:
        kind, order = VIEWS[field.type], "" if size == 1 else ", true"
        forms.append((name, "number", f"this.#view.get{kind}({place}{order})", f"this.#view.set{kind}({place}, value{order})"))
    for shown, type_, read, write in forms:
        if field.count is None:
            yield f"  get {shown}(): {type_} {{"
            yield f"    return {read};"
            yield "  }"
            yield f"  set {shown}(value: {type_}) {{"
        else:
            yield f"  {shown}(index: number): {type_} {{"
            yield f"    return {read};"
            yield "  }"
            yield f"  set{shown[0].upper()}{shown[1:]}(index: number, value: {type_}): void {{"
        yield f"    {write};"
        yield "  }"


# ---- functions -----------------------------------------------------------------------------------------------------------------


def parameter_type(parameter: Parameter) -> str:
    """The type of an argument in a signature."""
    return "pointer" if parameter.pointers else SHORT[parameter.type]


def emit_symbols(abi: Abi) -> str:
    """The functions as an interface, their signatures as a table, and how each runtime's are bound."""

    def arguments(function: Function) -> list[str]:
        return [words(parameter.name) for parameter in function.parameters]

    def passed(function: Function) -> str:
        wide = {words(p.name) for p in function.parameters if not p.pointers and p.type in WIDE}
        return ", ".join(f"BigInt({name})" if name in wide else name for name in arguments(function))

    def lines() -> Iterator[str]:
        yield f"// {NOTICE}"
        yield ""
        yield "declare const address: unique symbol;"
        yield "/** The address of memory, as the runtime at hand writes one. Whoever made it keeps the memory. */"
        yield "export interface Pointer {"
        yield "  readonly [address]: true;"
        yield "}"
        yield ""
        yield "/** The functions of csrc/neural_trader.h. `Wide` is what 64-bit arguments are, `Result` what 64-bit results are. */"
        yield "export interface Symbols<Wide = number, Result = bigint> {"
        for function in abi.functions:
            types = {"pointer": "Pointer | null", "i64": "Wide", "u64": "Wide", "i32": "number", "u32": "number"}
            given = ", ".join(f"{words(p.name)}: {types[parameter_type(p)]}" for p in function.parameters)
            yield f"  {function.name}({given}): {'Result' if function.result in WIDE else 'number'};"
        yield "}"
        yield ""
        yield 'export type Scalar = "i32" | "u32" | "i64" | "u64";'
        yield "export interface Signature {"
        yield '  readonly parameters: readonly (Scalar | "pointer")[];'
        yield "  readonly result: Scalar;"
        yield "}"
        yield "export const SIGNATURES: Readonly<Record<keyof Symbols, Signature>> = {"
        for function in abi.functions:
            given = ", ".join(f'"{parameter_type(p)}"' for p in function.parameters)
            yield f'  {function.name}: {{ parameters: [{given}], result: "{SHORT[function.result]}" }},'
        yield "};"
        for name, raw, note, wide, result in (
            ("bindDirect", "Symbols", "Functions that take and give what Symbols says: Node-API and bun:ffi.", False, False),
            ("bindBigint", "Symbols<bigint>", "Functions whose 64-bit arguments are bigint: Deno.dlopen.", True, False),
            (
                "bindMixed",
                "Symbols<number, number | bigint>",
                "Functions whose 64-bit results are numbers where these are exact: koffi.",
                False,
                True,
            ),
        ):
            yield ""
            yield f"/** {note} */"
            yield f"export function {name}(raw: {raw}): Symbols {{"
            for function in abi.functions:
                yield f"  const {function.name} = raw.{function.name};"
            yield "  return {"
            for function in abi.functions:
                call = f"{function.name}({passed(function) if wide else ', '.join(arguments(function))})"
                if result and function.result in WIDE:
                    call = f"BigInt({call})"
                yield f"    {function.name}: ({', '.join(arguments(function))}) => {call},"
            yield "  };"
            yield "}"

    return "\n".join(lines()) + "\n"


def emit_addon(abi: Abi) -> str:
    """The functions as a table of pointers, and a Node-API call for each."""

    def c_type(parameter: Parameter) -> str:
        return f"{'const ' if parameter.const else ''}{parameter.type} {'*' * parameter.pointers}".strip()

    def result_line(function: Function, call: str) -> Iterator[str]:
        make = {
            "int32_t": "napi_create_int32(env, {}, &result)",
            "uint32_t": "napi_create_uint32(env, {}, &result)",
            "int64_t": "napi_create_bigint_int64(env, {}, &result)",
            "uint64_t": "napi_create_bigint_uint64(env, {}, &result)",
        }[function.result]
        yield "  napi_value result;"
        yield f"  return {make.format(call)} == napi_ok ? result : NULL;"

    def lines() -> Iterator[str]:
        yield f"/* {NOTICE} */"
        yield "#ifndef NT_ADDON_SYMBOLS_H"
        yield "#define NT_ADDON_SYMBOLS_H"
        yield ""
        yield '#include "arguments.h"'
        yield ""
        yield "/* The functions of one library. */"
        yield "typedef struct nt_symbols {"
        for function in abi.functions:
            yield f"  {function.result} (*{function.name})({', '.join(c_type(p) for p in function.parameters) or 'void'});"
        yield "} nt_symbols;"
        for function in abi.functions:
            yield ""
            yield f"static napi_value call_{function.name}(napi_env env, napi_callback_info info) {{"
            count = len(function.parameters)
            if count:
                yield f"  napi_value given[{count}];"
                yield f"  const nt_symbols *symbols = nt_arguments(env, info, given, {count});"
                yield "  if (symbols == NULL) return NULL;"
                for index, parameter in enumerate(function.parameters):
                    kind = parameter_type(parameter)
                    declared = {"u32": "uint32_t", "i32": "int32_t", "i64": "int64_t", "u64": "uint64_t", "pointer": "void *"}[kind]
                    name = f"{declared}{'' if declared.endswith('*') else ' '}{parameter.name}"
                    yield f"  {name};"
                    yield f"  if (!nt_argument_{kind}(env, given[{index}], &{parameter.name})) return NULL;"
            else:
                yield "  const nt_symbols *symbols = nt_arguments(env, info, NULL, 0);"
                yield "  if (symbols == NULL) return NULL;"
            yield from result_line(function, f"symbols->{function.name}({', '.join(p.name for p in function.parameters)})")
            yield "}"
        yield ""
        yield "/* Name, place in nt_symbols, and call of each function. */"
        yield "static const nt_addon_symbol NT_ADDON_SYMBOLS[] = {"
        for function in abi.functions:
            yield f'    {{"{function.name}", offsetof(nt_symbols, {function.name}), call_{function.name}}},'
        yield "};"
        yield ""
        yield "#endif"

    return "\n".join(lines()) + "\n"


EMITTERS: Final[dict[str, Callable[[Abi], str]]] = {
    "bindings/node/src/generated/abi.ts": emit_abi,
    "bindings/node/src/generated/records.ts": emit_records,
    "bindings/node/src/generated/symbols.ts": emit_symbols,
    "bindings/node/addon/symbols.h": emit_addon,
}
