"""A model to call: load a file, predict, step, train, save.

    with NeuralModel.load("mid.safetensors") as model:
        found = model.predict(rows)          # rows: (rows, features)
        found.predictions, found.confidence  # (rows, classes), (rows,)

What is computed, and in which order the numbers are added, is defined by the file, so a prediction has the same bits on every machine.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter_ns
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from neural_trader._native import abi, ffi, lib
from neural_trader.errors import BadHandle, Busy, DeviceUnavailable, InvalidArgument, SystemFailure
from neural_trader.models._bounds import FILE_BYTES_MAX
from neural_trader.models.device import crossover_rows, gpu_program, no_gpu_reason
from neural_trader.models.file import ModelFile, decode_model, encode_model, write_model
from neural_trader.models.precision import PRECISIONS, refuse_unmeasured
from neural_trader.records import Ticks, call, check

if TYPE_CHECKING:
    from neural_trader.engine import MarketData
    from neural_trader.models.labels import Labels

__all__ = ["Device", "NeuralModel", "Precision", "Prediction", "load_to_measure"]

Device = Literal["cpu", "gpu", "auto"]
Precision = Literal["fp32", "fp16", "bf16", "int8"]
Floats = NDArray[np.float64]

_ROWS_MAX: Final = 1 << 20
_CALL_ROWS: Final = 1 << 16  # of one call of the core, so that Ctrl-C does not wait longer
_NEVER: Final = 1 << 62
_predict, _step, _from_buffer, _ndarray, _float32 = (
    lib.nt_model_predict,
    lib.nt_model_step,
    ffi.from_buffer,
    np.ndarray,
    np.dtype(np.float32),
)
_FLOATS: Final = ffi.typeof("float[]")
_DOUBLES: Final = ffi.typeof("double[]")


class Prediction(msgspec.Struct, frozen=True, eq=False, gc=False):
    """What a model found, and what found it.

    - predictions: float64, shape (rows, outputs): a probability for each of the file's labels, or mean and deviation
    - calibrated: the probabilities were calibrated on data that the model was not trained on, and its state is past the warm-up
    - latency_ns: measured, from the call to the result
    - device: "cpu" or "gpu"; precision: "fp32", "bf16" or "int8": where and in what it was computed
    - output: what the predictions are: "classes", "normal" or "student_t"
    """

    predictions: Floats
    calibrated: bool
    latency_ns: int
    device: str
    precision: str
    output: str

    @property
    def confidence(self) -> Floats:
        """Shape (rows,): of classes the largest probability; of a mean how likely its sign is right, as of a normal with the deviation."""
        if self.output == "classes":
            return np.asarray(self.predictions.max(axis=1))
        pairs = self.predictions[:, :2].tolist()
        return np.array([0.5 * math.erfc(-abs(mean) / (deviation * math.sqrt(2.0))) if mean else 0.5 for mean, deviation in pairs])


class _Cell:
    """What a call works in: it is taken out of the model's list meanwhile, so that a second thread finds none."""

    __slots__ = (
        "calibrated",
        "count",
        "direct",
        "outputs",
        "pointer",
        "room",
        "shape",
        "step_outputs",
        "step_pointer",
        "step_room",
        "step_shape",
        "steps",
    )

    def __init__(self, outputs: int) -> None:
        self.pointer: Any = None
        self.shape: Any = None  # of data, while another array of it would be laid out alike
        self.count = 0
        self.steps = 0  # of each of `count` sequences; 0: the rows are one stream
        self.direct = False  # one call of the core on the CPU does it
        self.calibrated = False
        self.outputs: Any = None
        self.room: Any = None  # pointer to outputs
        self.step_pointer: Any = None
        self.step_shape: Any = None
        self.step_outputs = np.empty((1, outputs))
        self.step_room = _from_buffer(_DOUBLES, self.step_outputs)


class NeuralModel:
    """A model in memory. `load` one, or make one with `train`.

    It is used by one thread at a time: a call while another is inside raises Busy. `dispose` it, or use it as a context manager; a
    disposed model raises BadHandle.
    """

    def __init__(self, *, device: Device = "cpu", fallback: bool = False, rows: int = 1) -> None:
        """A model without weights: `train` gives it some. The arguments are those of `load`."""
        if device not in ("cpu", "gpu", "auto"):
            raise InvalidArgument(f"device is {device!r}; choose cpu, gpu or auto")
        if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows < _ROWS_MAX:
            raise InvalidArgument(f"rows is {rows!r}; give the number of instruments to step, 1 to {_ROWS_MAX - 1}")
        self._asked, self._fallback, self._rows = device, fallback, rows
        self._file: ModelFile | None = None
        self._handle = 0
        self._disposed = False
        self._cells: list[_Cell] = []
        self._program: Any = None  # of the GPU
        self._gpu_rows = _NEVER  # predictions of as many rows and more run on the GPU
        self._steps_done: list[int] | None = None  # since the reset of each row, where there is a warm-up
        self._device = "cpu"
        self._precision: str = "fp32"

    # ---- files ---------------------------------------------------------------------------------------------------------------

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str] | bytes,
        *,
        device: Device = "cpu",
        precision: Precision = "fp32",
        fallback: bool = False,
        rows: int = 1,
    ) -> NeuralModel:
        """Load a file, or the bytes of one. The file is read as a whole and not needed afterwards.

        - device: "gpu" raises DeviceUnavailable with the reason where no GPU can be used, unless `fallback` allows the CPU, which each
          prediction then reports; "auto" runs on the GPU what is faster there by a measurement made now, and else on the CPU
        - precision: another than "fp32" has to have been measured and be within the gate (see `models.precision`), else PrecisionRefused;
          "fp16" is refused: its sums are not defined to the bit
        - rows: how many instruments `step` has a state for

        InvalidArgument names the file, and the key, tensor or op that is wrong; SystemFailure says why a file cannot be read.
        """
        made = cls(device=device, fallback=fallback, rows=rows)
        if precision == "fp16":
            raise InvalidArgument("fp16 is not there: its sums are not defined to the bit, on no device; use fp32, bf16 or int8")
        if precision not in PRECISIONS:
            raise InvalidArgument(f"precision is {precision!r}; choose {', '.join(PRECISIONS)}")
        name, data = ("", path) if isinstance(path, bytes) else (f"{path}: ", _read(path))
        try:
            file = decode_model(data)
        except InvalidArgument as error:
            raise InvalidArgument(f"{name}{error}") from error
        made._open(file, data, precision)
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file, whole or not at all, in the place of one that has its name. SystemFailure, NoSpace."""
        write_model(self.file, path)

    @property
    def file(self) -> ModelFile:
        """The model as its file holds it."""
        if self._file is None:
            raise self._unusable()
        return self._file

    @property
    def device(self) -> str:
        """Where `predict` of one row runs: "cpu" or "gpu"."""
        return "gpu" if self._gpu_rows <= 1 else "cpu"

    @property
    def gpu_rows(self) -> int | None:
        """The least rows of a `predict` that run on the GPU; None where none do."""
        return None if self._gpu_rows == _NEVER else self._gpu_rows

    def _open(self, file: ModelFile, data: bytes, precision: str, *, measured: bool = True) -> None:
        """Put a program for the file in the place of the one there is. Without `measured` the gate of precisions is open."""
        reason = None if self._asked == "cpu" else no_gpu_reason()
        if self._asked == "gpu" and reason is not None and not self._fallback:
            raise DeviceUnavailable(f'no GPU can be used: {reason}; use device="cpu", or allow it with fallback=True')
        name, number = PRECISIONS[precision]
        if measured:
            refuse_unmeasured(file, precision)
        out = ffi.new("uint32_t *")  # one row more than asked for: predict streams through the last
        call(lib.nt_model_load, ffi.from_buffer(data), len(data), number, abi.NT_ISA_AUTO, self._rows + 1, out)
        handle, program = out[0], None
        try:
            if self._asked != "cpu" and reason is None:
                program = gpu_program(file, name)
            self._close()
        except BaseException:
            lib.nt_close(handle)
            if program is not None:
                program.dispose()
            raise
        self._file, self._handle, self._program, self._precision = file, handle, program, precision
        self._width, self._outputs = len(file.features.names), len(file.output.labels) or 2
        self._stateful, self._warm_up = file.state.kind == "stream", file.state.warm_up
        self._calibrated, self._output = file.calibration.kind == "vector", file.output.kind
        self._steps_done = [0] * self._rows if self._warm_up else None
        self._cells.append(_Cell(self._outputs))
        self._gpu_rows = _NEVER if program is None else 1 if self._asked == "gpu" else self._crossover()

    def _close(self) -> None:
        try:
            self._cells.pop()  # from now on no call begins
        except IndexError:
            if self._handle or self._program is not None:
                raise Busy("another thread is inside a call on this model; dispose it when that is done") from None
        if self._handle:
            lib.nt_close(self._handle)
            self._handle = 0
        if self._program is not None:
            self._program.dispose()
            self._program = None
        self._gpu_rows = _NEVER

    def dispose(self) -> None:
        """Free the model; a second time does nothing. Busy while another thread is inside a call."""
        self._close()
        self._disposed = True
        self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.dispose()

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            lib.nt_close(self._handle)

    def __repr__(self) -> str:
        if self._file is None:
            return f"<NeuralModel {'disposed' if self._disposed else 'without weights'}>"
        return f"<NeuralModel {self._file.name} {self._file.version}, {self._precision}>"

    def _unusable(self) -> BadHandle | Busy:
        if self._disposed:
            return BadHandle("the model was disposed; load it again")
        if self._file is None:
            return BadHandle("the model has no weights yet; train it, or load one")
        return Busy("another thread is inside a call on this model; load one for each thread")

    # ---- predictions ---------------------------------------------------------------------------------------------------------

    def predict(self, data: Ticks | NDArray[Any] | Sequence[MarketData]) -> Prediction:
        """Probabilities, or mean and deviation, of rows of features; nothing is remembered between calls.

        `data` is float32 or float64, its columns in the order of the file's features:

        - (features,) or (rows, features): a prediction for each row. For a model with state the rows are one stream in the order of time,
          which begins with a state of zeros; its first `file.state.warm_up` predictions do not count
        - (count, steps, features): as many sequences, each from a state of zeros, a prediction for the last row of each. A model without
          state takes steps of 1 only
        - Ticks of one instrument: the features are computed from these ticks alone, as if nothing had come before, and read on the model's
          clock; there is a prediction for each reading from the first at which all of the model's features are known

        A float32 array in one piece is read in place, and no more is done for one of the same shape as the last. InvalidArgument for other
        shapes and types, masked arrays, numbers that are not finite in float32, no rows, ticks that give no reading, and MarketData, which
        lacks sizes and tick size. Busy, BadHandle.
        """
        begin = perf_counter_ns()
        try:
            cell = self._cells.pop()
        except IndexError:
            raise self._unusable() from None
        try:
            if data.__class__ is _ndarray and data.dtype is _float32 and data.shape == cell.shape:
                try:  # another array like the last one needs no more than its address
                    cell.pointer = _from_buffer(_FLOATS, data)
                except ValueError:  # it is not in one piece
                    self._place(cell, data)
            else:
                self._place(cell, data)
            if cell.direct:
                code = _predict(self._handle, cell.pointer, cell.count, cell.steps, cell.room)
                if code:
                    check(code, self._handle)
                predictions, device = cell.outputs.copy(), "cpu"
            else:
                predictions, device = self._at_length(cell)
        finally:
            self._cells.append(cell)
        return Prediction(predictions, cell.calibrated, perf_counter_ns() - begin, device, self._precision, self._output)

    def _place(self, cell: _Cell, data: Any) -> None:
        """Check new data and lay it out for a call."""
        cell.shape = None
        given = self._features_of(data) if not isinstance(data, np.ndarray) else data
        if isinstance(given, np.ma.MaskedArray):
            raise InvalidArgument("the features are a masked array; leave the rows with masked features out, and give an array")
        width = self._width
        if given.dtype not in (np.float32, np.float64):
            raise InvalidArgument(f"the features are {given.dtype}; give float32 or float64")
        if given.ndim not in (1, 2, 3) or given.shape[-1] != width:
            raise InvalidArgument(
                f"the features have the shape {given.shape}; give (rows, {width}) or (count, steps, {width}), in the file's order"
            )
        if not given.size:
            raise InvalidArgument(f"the features have the shape {given.shape}: there is no row to predict")
        if given.ndim == 3:
            cell.count, cell.steps = given.shape[:2]
        else:
            cell.count, cell.steps = (1 if given.ndim == 1 else len(given)), 1
            if self._stateful and given.ndim == 2:
                cell.steps = 0
        if cell.steps > 1 and not self._stateful:
            raise InvalidArgument(f"there are sequences of {cell.steps} steps, and the model has no state; give (rows, {width})")
        with np.errstate(over="ignore"):  # infinity is refused by the core
            table = np.ascontiguousarray(given, np.float32)
        cell.pointer = _from_buffer(_FLOATS, table)
        cell.outputs = np.empty((cell.count, self._outputs))
        cell.room = _from_buffer(_DOUBLES, cell.outputs)
        cell.direct = cell.steps > 0 and cell.count * cell.steps <= _CALL_ROWS and cell.count < self._gpu_rows
        cell.calibrated = self._calibrated and (not self._warm_up or (cell.steps or cell.count) > self._warm_up)
        if table is data:
            cell.shape = data.shape

    def _at_length(self, cell: _Cell) -> tuple[Floats, str]:
        """A stream, a call on the GPU, or more than one call of the core."""
        width, outputs, made = self._width, self._outputs, cell.outputs
        if cell.steps and cell.count >= self._gpu_rows:
            table = np.frombuffer(ffi.buffer(cell.pointer, 4 * cell.count * cell.steps * width), np.float32)
            found = self._program.predict(table.reshape(cell.count, cell.steps, width))
            return np.asarray(found, np.float64), "gpu"
        if cell.steps:
            at_once = max(_CALL_ROWS // cell.steps, 1)
            for begin in range(0, cell.count, at_once):
                count = min(at_once, cell.count - begin)
                rows = begin * cell.steps
                code = _predict(self._handle, cell.pointer + rows * width, count, cell.steps, cell.room + begin * outputs)
                if code:
                    self._refuse(code, rows)
            return made, "cpu"
        check(lib.nt_model_reset(self._handle, self._rows), self._handle)
        for row in range(cell.count):
            code = _step(self._handle, self._rows, cell.pointer + row * width, cell.room + row * outputs)
            if code:
                self._refuse(code, row)
        return made, "cpu"

    def _refuse(self, code: int, first: int) -> None:
        """As check, for a call that began at row `first` of the data."""
        try:
            check(code, self._handle)
        except InvalidArgument as error:
            raise InvalidArgument(f"in the rows from {first} on: {error}", observed=error.observed, limit=error.limit) from error

    def _features_of(self, data: Any) -> NDArray[Any]:
        from neural_trader.models.replay import features_of  # not needed by who has features

        return features_of(data, self.file)

    # ---- steps ---------------------------------------------------------------------------------------------------------------

    def step(self, row: int, features: NDArray[Any]) -> Prediction:
        """The next prediction of a row: an instrument with a state of its own, 0 to `rows` - 1 of `load`. It runs on the CPU.

        `features` has the shape (features,), float32 or float64; the prediction has one row. It is not calibrated while the state warms up.
        A float32 array in one piece is read in place, as in `predict`. InvalidArgument for another row, shape or type, and for numbers
        that are not finite, which leave the state as it is. Busy, BadHandle.
        """
        begin = perf_counter_ns()
        try:
            cell = self._cells.pop()
        except IndexError:
            raise self._unusable() from None
        try:
            if features.__class__ is _ndarray and features.dtype is _float32 and features.shape == cell.step_shape:
                try:
                    cell.step_pointer = _from_buffer(_FLOATS, features)
                except ValueError:
                    self._place_step(cell, features)
            else:
                self._place_step(cell, features)
            if row.__class__ is not int or not 0 <= row < self._rows:
                raise self._bad_row(row)
            code = _step(self._handle, row, cell.step_pointer, cell.step_room)
            if code:
                check(code, self._handle)
            predictions = cell.step_outputs.copy()
            calibrated, done = self._calibrated, self._steps_done
            if done is not None:
                done[row] += 1
                calibrated = calibrated and done[row] > self._warm_up
        finally:
            self._cells.append(cell)
        return Prediction(predictions, calibrated, perf_counter_ns() - begin, "cpu", self._precision, self._output)

    def advance(self, row: int) -> None:
        """Do now what the next `step` of the row can do without its features. It changes no result, only when it is there."""
        self._on_row(lib.nt_model_advance, row)

    def reset(self, row: int) -> None:
        """Begin the row's state anew: at a new session, or after a gap."""
        self._on_row(lib.nt_model_reset, row)
        if self._steps_done is not None:
            self._steps_done[row] = 0

    def _on_row(self, function: Callable[[int, int], int], row: int) -> None:
        try:
            cell = self._cells.pop()
        except IndexError:
            raise self._unusable() from None
        try:
            if row.__class__ is not int or not 0 <= row < self._rows:
                raise self._bad_row(row)
            check(function(self._handle, row), self._handle)
        finally:
            self._cells.append(cell)

    def _place_step(self, cell: _Cell, features: Any) -> None:
        cell.step_shape = None
        if (
            not isinstance(features, np.ndarray)
            or isinstance(features, np.ma.MaskedArray)
            or features.dtype not in (np.float32, np.float64)
            or features.shape != (self._width,)
        ):
            shown = f"{features.dtype} of shape {features.shape}" if isinstance(features, np.ndarray) else type(features).__name__
            raise InvalidArgument(f"the features are {shown}; give a float32 or float64 array of shape ({self._width},)")
        with np.errstate(over="ignore"):
            table = np.ascontiguousarray(features, np.float32)
        cell.step_pointer = _from_buffer(_FLOATS, table)
        if table is features:
            cell.step_shape = features.shape

    def _bad_row(self, row: Any) -> InvalidArgument:
        return InvalidArgument(f"row is {row!r}; the model was loaded with rows={self._rows}: give 0 to {self._rows - 1}")

    # ---- training ------------------------------------------------------------------------------------------------------------

    def train(
        self,
        features: NDArray[Any],
        labels: NDArray[Any] | Labels,
        *,
        epochs: int,
        learning_rate: float,
        seed: int = 0,
        architecture: str = "mlp",
        names: Sequence[str] | None = None,
        horizon: int | None = None,
        fractions: Sequence[float] = (0.6, 0.2, 0.2),
        starts: Sequence[int] | NDArray[np.int64] = (),
        checkpoint: str | os.PathLike[str] | None = None,
        progress: Callable[[int, int, float], object] | None = None,
    ) -> dict[str, Any]:
        """Train a new model on rows in the order of time, and put it in the place of the one there is.

        - features: (rows, features), finite; `names` are those of the columns, by default the ones of the model there is, or else all of
          the core's
        - labels: `labels.Labels`, which know how far they look and when, so that the file can be judged by other data and quantized; or
          integers from 0, shape (rows,), -1 for none, each made of the next `horizon` rows (1 unless given): rows are purged by it, and the
          file takes 3 classes as down, flat and up, 2 as down and up, of a move of the mid over that horizon
        - architecture: linear, mlp, lstm, gru or tcn; starts: ascending, the rows at which a session or another stream begins
        - fractions: the first part of the rows is trained on, the second stops the training and calibrates, the third tests; rows whose
          labels reach into the next part are dropped

        Returns what `fitting.Fitted.metrics` has, with `test`: log_loss, prior_log_loss (nats), gain_millinats, accuracy, ece, rows, of the
        calibrated model on the third part. The same arguments give the same file. InvalidArgument, NoData as in `train`, `calibrate` and
        `splits`; whatever goes wrong, the model there was stays.
        """
        from neural_trader.models import fitting  # the training is not needed by who predicts

        if self._disposed:
            raise self._unusable()
        file, metrics = fitting.train_file(
            features,
            labels,
            before=self._file,
            names=names,
            horizon=horizon,
            fractions=fractions,
            starts=starts,
            recipe=fitting.Recipe(architecture=architecture, epochs=epochs, learning_rate=learning_rate, seed=seed),
            checkpoint=checkpoint,
            progress=progress,
        )
        self._open(file, encode_model(file), "fp32")
        return metrics

    def _crossover(self) -> int:
        def on_cpu(table: NDArray[np.float32]) -> None:
            room = np.empty((len(table), self._outputs))
            rows, to = _from_buffer(_FLOATS, table), _from_buffer(_DOUBLES, room)
            check(_predict(self._handle, rows, len(table), table.shape[1], to), self._handle)

        found = crossover_rows(self.file, on_cpu, self._program.predict)
        return _NEVER if found is None else found


def load_to_measure(file: ModelFile, precision: Precision) -> NeuralModel:
    """A model on the CPU in a precision that need not have been measured yet: what it says is for measuring only."""
    made = NeuralModel()
    made._open(file, encode_model(file), precision, measured=False)
    return made


def _read(path: str | os.PathLike[str]) -> bytes:
    try:
        with Path(path).open("rb") as stream:
            return stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise SystemFailure(f"{path} cannot be read", system_error=error.errno or 0) from error
