"""Result codes to exceptions."""

from __future__ import annotations

import errno
import pickle

import pytest

from neural_trader import errors
from neural_trader._native import abi

EXPECTED = {
    "ERR_BAD_HANDLE": errors.BadHandle,
    "ERR_BUSY": errors.Busy,
    "ERR_FORKED": errors.Forked,
    "ERR_CLOSED": errors.Closed,
    "ERR_INVALID": errors.InvalidArgument,
    "ERR_NAME": errors.InvalidName,
    "ERR_NAME_IN_USE": errors.NameInUse,
    "ERR_NOT_FOUND": errors.NotFound,
    "ERR_VERSION": errors.VersionMismatch,
    "ERR_CORRUPT": errors.Corrupt,
    "ERR_FULL": errors.Full,
    "ERR_TIMEOUT": errors.TimedOut,
    "ERR_KERNEL_DEAD": errors.KernelDead,
    "ERR_STATE": errors.StateError,
    "ERR_SYSTEM": errors.SystemFailure,
    "ERR_NO_SPACE": errors.NoSpace,
    "ERR_NO_CHANNEL": errors.NoChannel,
    "ERR_OVERRUN": errors.Overrun,
    "ERR_WOULD_DEADLOCK": errors.WouldDeadlock,
    "ERR_NO_DATA": errors.NoData,
    "ERR_NOT_READY": errors.ModelNotReady,
}


def test_every_failure_of_the_library_has_an_exception() -> None:
    assert {result.name for result in abi.Result if result < 0} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_raise_for(name: str) -> None:
    code = abi.Result[name].value
    with pytest.raises(EXPECTED[name], match="too much") as caught:
        errors.raise_for(code, "too much", observed=3, limit=2)
    error = caught.value
    assert type(error) is EXPECTED[name]
    assert (error.code, error.observed, error.limit) == (code, 3, 2)


def test_absent_values_are_none_and_text_has_a_default() -> None:
    error = errors.error_for(abi.NT_ERR_FULL)
    assert (error.observed, error.limit) == (None, None)
    assert str(error) == "no room; poll to drain, then try again"


def test_an_unknown_code_is_said() -> None:
    error = errors.error_for(-999)
    assert type(error) is errors.NeuralTraderError
    assert error.code == -999
    assert "-999" in str(error)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (errors.InvalidArgument, ValueError),
        (errors.InvalidName, ValueError),
        (errors.ConfigError, ValueError),
        (errors.SourceError, ValueError),
        (errors.TimedOut, TimeoutError),
        (errors.SystemFailure, OSError),
        (errors.NoSpace, OSError),
        (errors.NotFound, LookupError),
    ],
)
def test_builtin_bases(kind: type[Exception], base: type[Exception]) -> None:
    assert issubclass(kind, base)
    assert issubclass(kind, errors.NeuralTraderError)


def test_system_failure_says_errno() -> None:
    error = errors.error_for(abi.NT_ERR_SYSTEM, "shm_open failed", system_error=errno.EACCES)
    assert isinstance(error, errors.SystemFailure)
    assert error.errno == errno.EACCES
    assert str(error) == "shm_open failed (EACCES: Permission denied)"
    assert str(errors.NoSpace()) == "shared memory is full; free space in /dev/shm or make the rings smaller"


def test_source_error_says_where() -> None:
    assert str(errors.SourceError("no", file="a.csv", line=3)) == "a.csv:3: no"
    assert str(errors.SourceError("no", file="a.csv")) == "a.csv: no"
    assert str(errors.SourceError("no")) == "no"


def test_config_error_lists_all() -> None:
    problems = [errors.ConfigProblem("limits.x", "unknown key"), errors.ConfigProblem("", "is not TOML")]
    error = errors.ConfigError(problems, "run.toml")
    assert error.errors == problems
    assert str(error) == "run.toml: limits.x: unknown key\nrun.toml: is not TOML"
    assert isinstance(errors.LiveTradingUnavailable(problems), errors.ConfigError)


@pytest.mark.parametrize(
    "error",
    [
        errors.error_for(abi.NT_ERR_FULL, "full", observed=1, limit=1),
        errors.error_for(abi.NT_ERR_SYSTEM, "failed", system_error=errno.EACCES),
        errors.TimedOut("late"),
        errors.SourceError("no", file="a.csv", line=3),
        errors.LiveTradingUnavailable([errors.ConfigProblem("mode", "no")], "run.toml"),
    ],
)
def test_errors_cross_process_borders(error: errors.NeuralTraderError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == str(error)
    assert vars(copy) == vars(error)
    assert getattr(copy, "errno", None) == getattr(error, "errno", None)
