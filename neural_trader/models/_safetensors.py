"""The container of a model file: safetensors, float32 only.

Eight bytes with the length of the header (little-endian), the header in JSON (tensors by name with type, shape and place, and under
`__metadata__` a map of strings), then the tensors' bytes without holes. https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from neural_trader.errors import InvalidArgument
from neural_trader.models._bounds import DIMENSIONS_MAX, FILE_BYTES_MAX, HEADER_BYTES_MAX, TENSORS_MAX
from neural_trader.models._values import as_list, as_object, integer, load, refuse, shown, word

METADATA: Final = "__metadata__"

Tensors = dict[str, NDArray[np.float32]]


def _split(data: bytes) -> tuple[dict[str, Any], memoryview]:
    if len(data) < 8:
        refuse("model file", "is cut off before the 8 bytes of the header's length")
    if len(data) > FILE_BYTES_MAX:
        refuse("model file", "is larger than 256 MB")
    (length,) = struct.unpack_from("<Q", data)
    if length > HEADER_BYTES_MAX:
        refuse("model file", "its header claims more than 1 MB")
    if length > len(data) - 8:
        refuse("model file", "is cut off in its header")
    try:
        text = data[8 : 8 + length].decode()
    except UnicodeDecodeError:
        refuse("model file", "its header is not UTF-8")
    if not text.startswith("{"):
        refuse("header", "must start with {")
    return load(text, "header"), memoryview(data)[8 + length :]


def _tensors(header: dict[str, Any], data: memoryview, before: int) -> Tensors:
    """The tensors in the order of the header. They follow each other and fill the data, which begins after `before` bytes of the file."""
    entries: dict[int, list[str]] = {}
    if len(header) > TENSORS_MAX:
        refuse("header", f"there are more than {TENSORS_MAX} tensors")
    ends, shapes = {}, {}
    for name, value in header.items():
        path = f"header.{name[:40]}"
        if not name:
            refuse(path, "a tensor has no name")
        entry = as_object(value, path, ("dtype", "shape", "data_offsets"))
        word(entry["dtype"], f"{path}.dtype", "F32")
        shape = [
            integer(size, f"{path}.shape[{at}]", 1, FILE_BYTES_MAX)
            for at, size in enumerate(as_list(entry["shape"], f"{path}.shape", DIMENSIONS_MAX))
        ]
        if not shape:
            refuse(f"{path}.shape", f"must have 1 to {DIMENSIONS_MAX} dimensions, has none")
        offsets = as_list(entry["data_offsets"], f"{path}.data_offsets", 2)
        if len(offsets) != 2:
            refuse(f"{path}.data_offsets", "must be two offsets")
        begin, end = (integer(offset, f"{path}.data_offsets[{at}]", 0, FILE_BYTES_MAX) for at, offset in enumerate(offsets))
        if end - begin != 4 * math.prod(shape):
            refuse(path, f"data_offsets span {end - begin} bytes, its shape needs {4 * math.prod(shape)}")
        entries.setdefault(begin, []).append(name)
        ends[name], shapes[name] = end, shape
    needed = max(ends.values(), default=0)
    if needed > len(data):
        refuse("model file", f"is cut off: needs {before + needed} bytes, has {before + len(data)}")
    offset, result = 0, {}
    for begin, names in sorted(entries.items()):
        end = ends[names[0]]
        if begin != offset or len(names) > 1:
            refuse(
                "header",
                f"the tensors overlap or leave holes: none of them covers byte {offset} of the {len(data)} bytes of data",
            )
        values = np.frombuffer(data[begin:end], "<f4").reshape(shapes[names[0]]).astype(np.float32)
        finite = np.isfinite(values)
        if not finite.all():
            refuse(f"header.{names[0][:40]}", f"value {int(np.argmin(finite))} is not finite")
        offset, result[names[0]] = end, values
    if offset != len(data):
        refuse("header", f"the tensors cover {offset} of the {len(data)} bytes of data")
    return {name: result[name] for name in header}


def unpack(data: bytes) -> tuple[dict[str, str], Tensors]:
    """The metadata and the tensors of a file's bytes. InvalidArgument names the place that is wrong."""
    header, values = _split(data)
    metadata = header.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        refuse(f"header.{METADATA}", "must be an object of strings")
    return metadata, _tensors(header, values, len(data) - len(values))


def pack(metadata: Mapping[str, str], tensors: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The bytes of a file with the tensors in the order of their names. InvalidArgument for a tensor that is not float32."""
    entries: dict[str, Any] = {METADATA: dict(metadata)}
    offset, chunks = 0, []
    for name in sorted(tensors):
        tensor = np.asarray(tensors[name])
        if tensor.dtype != np.float32:
            refuse(f"tensor {shown(name)}", f"must be float32, is {tensor.dtype}")
        chunks.append(np.ascontiguousarray(tensor, "<f4").tobytes())
        entries[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [offset, offset + len(chunks[-1])]}
        offset += len(chunks[-1])
    header = dump(entries).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + b"".join(chunks)


def dump(value: Any) -> str:
    """JSON of one form: ASCII, without spaces. InvalidArgument for what JSON cannot hold."""
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"the model cannot be written as JSON: {error}") from error
