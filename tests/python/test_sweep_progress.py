"""Progress of a sweep as text, by a clock that the test moves."""

from __future__ import annotations

import io

from neural_trader.sweep_progress import ProgressText


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_lines_come_every_ten_seconds_of_a_slow_sweep() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = ProgressText(stream, clock)
    for done in range(1, 31):
        clock.now_s += 1
        progress(done, 1000)
    progress.finish()
    assert stream.getvalue() == "10 of 1,000 trials, 990 s left\n20 of 1,000 trials, 980 s left\n30 of 1,000 trials, 970 s left\n"
    assert (progress.done, progress.total) == (30, 1000)


def test_lines_come_at_each_twentieth_but_not_more_than_one_a_second() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = ProgressText(stream, clock)
    for done in range(1, 101):
        clock.now_s += 0.5
        progress(done, 100)
    assert [line.split()[0] for line in stream.getvalue().splitlines()] == [str(n) for n in range(5, 101, 5)]
    fast = io.StringIO()
    progress = ProgressText(fast, clock)
    for done in range(1, 101):
        clock.now_s += 0.01
        progress(done, 100)
    assert fast.getvalue() == "100 of 100 trials\n"


def test_trials_from_a_file_do_not_count_for_what_is_left() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = ProgressText(stream, clock)
    progress(90, 100)
    clock.now_s += 20
    progress(92, 100)
    assert stream.getvalue() == "92 of 100 trials, 80 s left\n"


def test_a_terminal_has_one_line_that_is_redrawn_and_ended_once() -> None:
    stream, clock = Terminal(), Clock()
    progress = ProgressText(stream, clock)
    progress.finish()
    assert stream.getvalue() == ""
    for done in range(1, 5):
        clock.now_s += 0.06
        progress(done, 4)
    progress.finish()
    progress.finish()
    assert stream.getvalue() == "\r1 of 4 trials\x1b[K\r3 of 4 trials, 1 s left\x1b[K\r4 of 4 trials\x1b[K\n"
