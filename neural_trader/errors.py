# ruff: noqa: N818 - the names say what happened, as TimeoutError's does not need to
"""Every exception that the package raises, and the way from a result code of the C library to one of them."""

import errno
import os
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, NoReturn

from neural_trader._native import abi

__all__ = [
    "BadHandle",
    "Busy",
    "Closed",
    "ConfigError",
    "ConfigProblem",
    "Corrupt",
    "DeviceUnavailable",
    "Forked",
    "Full",
    "InvalidArgument",
    "InvalidName",
    "KernelDead",
    "LiveTradingUnavailable",
    "MissingExtra",
    "ModelNotReady",
    "NameInUse",
    "NeuralTraderError",
    "NoChannel",
    "NoData",
    "NoSpace",
    "NotFound",
    "Overrun",
    "PrecisionRefused",
    "SourceError",
    "StateError",
    "StrategyError",
    "SystemFailure",
    "TimedOut",
    "VersionMismatch",
    "WouldDeadlock",
    "error_for",
    "raise_for",
]


class NeuralTraderError(Exception):
    """Base of all errors of the package.

    `code` is the NT_ERR_ number (0 where no call of the library failed); `observed` and `limit` are the raw values that the text
    speaks of, None where they make no sense.
    """

    default_code: ClassVar[int] = 0
    default_text: ClassVar[str] = "neural_trader failed"

    def __init__(self, text: str = "", *, code: int | None = None, observed: int | None = None, limit: int | None = None) -> None:
        super().__init__(text or self.default_text)
        self.code = self.default_code if code is None else code
        self.observed = observed
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(kind: type[NeuralTraderError], arguments: tuple[Any, ...], state: dict[str, Any]) -> NeuralTraderError:
    """Unpickle: errors cross process borders, and most of their constructors take keywords."""
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    for name, value in state.items():
        setattr(error, name, value)
    return error


class BadHandle(NeuralTraderError):
    """The object was closed, or the call does not fit this kind of object."""

    default_code = abi.NT_ERR_BAD_HANDLE
    default_text = "the object is closed; open a new one"


class Busy(NeuralTraderError):
    """Another thread is inside a call on the same object."""

    default_code = abi.NT_ERR_BUSY
    default_text = "another thread is using this object; give each thread its own client"


class Forked(NeuralTraderError):
    """The object belongs to the parent process."""

    default_code = abi.NT_ERR_FORKED
    default_text = "this object belongs to the parent process; attach again after fork"


class Closed(NeuralTraderError):
    """The object was closed by another thread while the call waited."""

    default_code = abi.NT_ERR_CLOSED
    default_text = "the object was closed while the call waited"


class InvalidArgument(NeuralTraderError, ValueError):
    """An argument is outside its contract; nothing was done."""

    default_code = abi.NT_ERR_INVALID
    default_text = "an argument is outside its range; nothing was done"


class InvalidName(InvalidArgument):
    """A kernel, client, account or symbol name is empty, too long or has other characters than a-z A-Z 0-9 . _ -"""

    default_code = abi.NT_ERR_NAME
    default_text = "use 1 to 31 characters of a-z A-Z 0-9 . _ - that do not begin with a dot"


class NameInUse(NeuralTraderError):
    """A living process holds the name."""

    default_code = abi.NT_ERR_NAME_IN_USE
    default_text = "a living process holds this name; choose another or stop that process"


class NotFound(NeuralTraderError, LookupError):
    """No such kernel, symbol, account or order."""

    default_code = abi.NT_ERR_NOT_FOUND
    default_text = "there is no kernel, symbol, account or order of this name"


class VersionMismatch(NeuralTraderError):
    """The shared memory was made by another version of the library."""

    default_code = abi.NT_ERR_VERSION
    default_text = "the kernel was started by another version of the library; use the same version on both sides"


class Corrupt(NeuralTraderError):
    """A shared memory object contradicts itself."""

    default_code = abi.NT_ERR_CORRUPT
    default_text = "the shared memory object contradicts itself; start the kernel again"


class Full(NeuralTraderError):
    """A ring or table has no room now."""

    default_code = abi.NT_ERR_FULL
    default_text = "no room; poll to drain, then try again"


class TimedOut(NeuralTraderError, TimeoutError):
    """Nothing happened within the timeout."""

    default_code = abi.NT_ERR_TIMEOUT
    default_text = "nothing happened within the timeout"


class KernelDead(NeuralTraderError):
    """The kernel process is gone."""

    default_code = abi.NT_ERR_KERNEL_DEAD
    default_text = "the kernel process is gone; start it and attach again"


class StateError(NeuralTraderError):
    """The call is not allowed in the kernel's present state."""

    default_code = abi.NT_ERR_STATE
    default_text = "not allowed in the kernel's present state"


class SystemFailure(NeuralTraderError, OSError):
    """The operating system refused; `errno` says why."""

    default_code = abi.NT_ERR_SYSTEM
    default_text = "the operating system refused"

    def __init__(
        self, text: str = "", *, code: int | None = None, observed: int | None = None, limit: int | None = None, system_error: int = 0
    ) -> None:
        super().__init__(text, code=code, observed=observed, limit=limit)
        self.errno = system_error or None
        self.strerror = os.strerror(system_error) if system_error else None

    def __str__(self) -> str:
        text = str(self.args[0])
        return f"{text} ({errno.errorcode.get(self.errno, self.errno)}: {self.strerror})" if self.errno else text

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, {**self.__dict__, "errno": self.errno, "strerror": self.strerror})


class NoSpace(SystemFailure):
    """Shared memory is full."""

    default_code = abi.NT_ERR_NO_SPACE
    default_text = "shared memory is full; free space in /dev/shm or make the rings smaller"


class NoChannel(NeuralTraderError):
    """Every client channel of the kernel is claimed."""

    default_code = abi.NT_ERR_NO_CHANNEL
    default_text = "every client channel is claimed; close a client or start the kernel with more channels"


class Overrun(NeuralTraderError):
    """The reader was too slow and ticks were overwritten."""

    default_code = abi.NT_ERR_OVERRUN
    default_text = "ticks were overwritten before they were read; poll more often"


class WouldDeadlock(NeuralTraderError):
    """Waiting here would stop the tape that the caller waits for."""

    default_code = abi.NT_ERR_WOULD_DEADLOCK
    default_text = "waiting here would stop the tape that you wait for; do not wait inside a strategy callback"


class NoData(NeuralTraderError):
    """No value has been computed yet."""

    default_code = abi.NT_ERR_NO_DATA
    default_text = "no value yet; the first tick has not arrived"


class ModelNotReady(NeuralTraderError):
    """The model is warming up: it has seen too little since its state was reset, and says nothing."""

    default_code = abi.NT_ERR_NOT_READY
    default_text = "the model is warming up; wait until it has seen its warm_up steps"


class DeviceUnavailable(NeuralTraderError):
    """The GPU that was asked for cannot be used; the message says why."""

    default_text = "no GPU can be used"


class PrecisionRefused(NeuralTraderError):
    """A precision in which a model was not measured, or is too far from float32; the message has the figures."""

    default_text = "the model may not run in this precision"


class MissingExtra(NeuralTraderError, ImportError):
    """A package that only some users need is not installed; the message gives the command."""

    default_text = "an optional package is not installed"

    @classmethod
    def of(cls, what: str, extra: str) -> "MissingExtra":
        """`what` needs the extra of this name."""
        return cls(f"{what} needs {extra}: pip install 'neural-trader[{extra}]'")


class StrategyError(NeuralTraderError):
    """The compiled rule of a strategy could not be compiled, raised an error, or wrote more than there is room for."""

    default_text = "the rule of a compiled strategy failed"


class ConfigProblem(NamedTuple):
    """One thing wrong in a configuration: the dotted path of the key and what to do."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class ConfigError(NeuralTraderError, ValueError):
    """A configuration was refused. `errors` lists every problem found, each with the dotted path of its key."""

    default_code = abi.NT_ERR_INVALID
    default_text = "the configuration is not valid"

    def __init__(self, errors: Sequence[ConfigProblem], origin: str = "") -> None:
        self.errors = list(errors)
        self.origin = origin
        head = f"{origin}: " if origin else ""
        super().__init__("\n".join(f"{head}{problem}" for problem in self.errors))


class LiveTradingUnavailable(ConfigError):
    """The configuration asks for live trading; this version trades on paper only."""

    default_text = "live trading is not available"


class SourceError(NeuralTraderError, ValueError):
    """A market data source was refused. `file` and `line` (from 1, None for the file as a whole) say where."""

    default_code = abi.NT_ERR_INVALID
    default_text = "the source is not valid"

    def __init__(
        self, message: str, *, file: str = "", line: int | None = None, observed: int | None = None, limit: int | None = None
    ) -> None:
        place = f"{file}:{line}: " if file and line is not None else f"{file}: " if file else ""
        super().__init__(place + message, observed=observed, limit=limit)
        self.message = message
        self.file = file
        self.line = line


_BY_CODE: dict[int, type[NeuralTraderError]] = {
    kind.default_code: kind
    for kind in (
        BadHandle,
        Busy,
        Forked,
        Closed,
        InvalidArgument,
        InvalidName,
        NameInUse,
        NotFound,
        VersionMismatch,
        Corrupt,
        Full,
        TimedOut,
        KernelDead,
        StateError,
        SystemFailure,
        NoSpace,
        NoChannel,
        Overrun,
        WouldDeadlock,
        NoData,
        ModelNotReady,
    )
}


def error_for(
    code: int, text: str = "", *, observed: int = abi.NT_ABSENT, limit: int = abi.NT_ABSENT, system_error: int = 0
) -> NeuralTraderError:
    """The exception for a negative result code and the fields of its nt_error."""
    seen = None if observed == abi.NT_ABSENT else observed
    bound = None if limit == abi.NT_ABSENT else limit
    kind = _BY_CODE.get(code)
    if kind is None:
        return NeuralTraderError(text or f"the library answered with an unknown result code {code}", code=code, observed=seen, limit=bound)
    if issubclass(kind, SystemFailure):
        return kind(text, observed=seen, limit=bound, system_error=system_error)
    return kind(text, observed=seen, limit=bound)


def raise_for(code: int, text: str = "", *, observed: int = abi.NT_ABSENT, limit: int = abi.NT_ABSENT, system_error: int = 0) -> NoReturn:
    """Raise the exception for a negative result code and the fields of its nt_error."""
    raise error_for(code, text, observed=observed, limit=limit, system_error=system_error)
