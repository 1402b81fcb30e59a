"""The bounds of a model and its file: those of the core (csrc/model_file.h and csrc/model_json.h), one name each."""

from __future__ import annotations

from typing import Final

FORMAT: Final = 1
FILE_BYTES_MAX: Final = 256 << 20
HEADER_BYTES_MAX: Final = 1 << 20
DEPTH_MAX: Final = 16  # of nested JSON
KEYS_MAX: Final = 512  # of one JSON object
NUMBER_BYTES_MAX: Final = 64  # of a number's text
WHOLE_MAX: Final = 2**53  # every JSON reader takes it exactly
INT32_MAX: Final = 2**31 - 1
OPS_MAX: Final = 64
REGISTERS_MAX: Final = 64
INPUTS_MAX: Final = 4  # registers that an op reads
DIMENSIONS_MAX: Final = 3
WIDTH_MAX: Final = 4096
TENSORS_MAX: Final = 256
CLASSES_MAX: Final = 64
SYMBOLS_MAX: Final = 1024
STATE_BYTES_MAX: Final = 65536
STEPS_MAX: Final = 65536
