"""Time of a tape: local clock to UTC, and the session ticks that a calendar asks for."""

import datetime
from collections.abc import Iterator
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from neural_trader._native import abi
from neural_trader.instruments import Session, weekdays

__all__ = ["LocalClock", "SessionCalendar", "SessionEvent"]

_NS: Final = 1_000_000_000
_EPOCH: Final = datetime.datetime(1970, 1, 1)
_DAY: Final = datetime.timedelta(days=1)
_LOOK_BACK_DAYS: Final = 15  # a session opened earlier than this says nothing about now


def _utc_ns(local: datetime.datetime, zone: ZoneInfo, fold: int = 0) -> int:
    """UTC nanoseconds of a local time. One that a clock change skips is read with the offset from before the change."""
    offset = local.replace(tzinfo=zone, fold=fold).utcoffset()
    assert offset is not None
    since = local - offset - _EPOCH
    return (since.days * 86_400 + since.seconds) * _NS


def _local_date(utc_ns: int, zone: ZoneInfo) -> datetime.date:
    moment = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(seconds=utc_ns // _NS)
    return moment.astimezone(zone).date()


class LocalClock:
    """Local minutes in the order of a tape to UTC.

    Where clocks go back an hour comes twice: it is read as its first pass until the local time steps back, then as its second.
    """

    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)
        self._last: datetime.datetime | None = None
        self._second_pass = False
        self.ambiguous = False  # whether any minute came in an hour that comes twice

    def minute_ns(self, minute: datetime.datetime) -> int:
        """UTC nanoseconds of a local minute. ValueError when clocks skip it."""
        first, second = _utc_ns(minute, self._zone, 0), _utc_ns(minute, self._zone, 1)
        if first == second:
            self._last, self._second_pass = None, False
            return first
        if second < first:
            raise ValueError(f"{minute:%Y-%m-%d %H:%M} does not exist in {self._zone.key}: clocks go forward over it")
        self.ambiguous = True
        if self._last is not None and minute < self._last:
            self._second_pass = True
        self._last = minute
        return second if self._second_pass else first


class SessionEvent(NamedTuple):
    """A session opens or closes: when (UTC nanoseconds), the NT_SESSION_ state from then on, the trading day as days since 1970-01-01."""

    ts: int
    state: int
    trading_day: int


class SessionCalendar:
    """The opens and closes of an instrument. Without a session it is always open, and a trading day is a local calendar day."""

    def __init__(self, session: Session | None, timezone: str) -> None:
        self._session = session
        self._zone = ZoneInfo((session.timezone if session else None) or timezone)
        self._days = weekdays(session.days) if session else frozenset(range(7))

    def state_at(self, ts: int) -> SessionEvent:
        """What holds at `ts`, as an event at that time."""
        state, day = abi.NT_SESSION_CLOSED, _local_date(ts, self._zone)
        trading_day = (day - _EPOCH.date()).days
        for event in self._from(day - _LOOK_BACK_DAYS * _DAY, ts):
            state, trading_day = event.state, event.trading_day
        return SessionEvent(ts, state, trading_day)

    def events(self, after: int, until: int) -> Iterator[SessionEvent]:
        """Opens and closes with after < ts <= until, in order of time."""
        return (event for event in self._from(_local_date(after, self._zone) - 2 * _DAY, until) if event.ts > after)

    def _from(self, day: datetime.date, until: int) -> Iterator[SessionEvent]:
        last = _local_date(until, self._zone)
        while day <= last:
            if day.weekday() in self._days:
                for event in self._day(day):
                    if event.ts <= until:
                        yield event
            day += _DAY

    def _day(self, day: datetime.date) -> Iterator[SessionEvent]:
        """The events of the session that opens on `day`."""
        session = self._session
        if session is None:
            yield SessionEvent(_utc_ns(datetime.datetime.combine(day, datetime.time()), self._zone), abi.NT_SESSION_OPEN, self._number(day))
            return
        trading_day = day + _DAY if session.overnight else day
        opens = _utc_ns(datetime.datetime.combine(day, session.opens), self._zone)
        closing_time = session.early_closes.get(trading_day, session.closes)
        closes = _utc_ns(datetime.datetime.combine(trading_day, closing_time), self._zone)
        if closes > opens:
            yield SessionEvent(opens, abi.NT_SESSION_OPEN, self._number(trading_day))
            yield SessionEvent(closes, abi.NT_SESSION_CLOSED, self._number(trading_day))

    @staticmethod
    def _number(day: datetime.date) -> int:
        return (day - _EPOCH.date()).days
