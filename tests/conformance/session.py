"""A kernel of private memory on a tape, driven step by step through the Python client, and what every step answered.

A session is a script: a function that is given a Session and calls its methods. It is played twice. Once each step goes through the public
client, and its answer is written down as `Client` gives it. The second time polls and reads are those of the C library, and their bytes are
written down: beside the public answers, and for programs in C (see `binary`). Both have to leave the same journal.

A step is an object: `do` names the method, `client` and the like are its arguments by the names that they have here, the rest answers it.
A step that was refused has `error` in its place: the class of the error, its code, observed value, limit and text. A text that is a
language's own is not there.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from answers import REPORT_FIELDS, TICK_FIELDS, Tick, doubles, number, plainly, refusal, report_row, signal_row, tick_records, tick_row

from neural_trader._native import abi, ffi, lib
from neural_trader.client import Client
from neural_trader.errors import NeuralTraderError
from neural_trader.numbers import plain
from neural_trader.records import call, check

JOURNAL_BYTES: Final = 1 << 20
TICKS: Final = 4096
COLUMNS: Final = ("bid_price", "ask_price", "bid_size", "ask_size", "price", "size", "ts_event", "kind", "instrument")
REPORTS: Final = 256

ABSENT_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {  # which are NT_ABSENT in a row that does not have them
    "instrument": (),
    "account": (
        "max_open_orders",
        "max_orders_per_second",
        "max_daily_loss",
        "max_cancels_per_second",
        "max_order_age_ns",
        "allowed_order_types",
        "allowed_times_in_force",
        "max_gross_exposure",
        "max_open_notional",
        "max_daily_value",
        "max_duplicate_orders",
        "duplicate_window_ns",
        "max_fills",
        "fills_window_ns",
    ),
    "terms": (
        "max_order_quantity",
        "max_order_notional",
        "min_order_notional",
        "max_position",
        "price_collar_bps",
        "max_quote_age_ns",
        "initial_margin_bps",
    ),
    "record": ("price", "trigger_price"),
}

Script = Callable[["Session"], None]

# ---- sessions ------------------------------------------------------------------------------------------------------------------------


class Session:
    """One playing of a script. `steps` is what came of it, `calls` what the C library was asked: see `binary`."""

    def __init__(self, *, raw: bool, files: Mapping[str, bytes]) -> None:
        self.raw = raw
        self.files = files
        self.steps: list[dict[str, Any]] = []
        self.calls: list[Any] = []
        self.journal = b""
        self.on_tape = True
        self._orders: dict[str, list[Any]] = {}  # by client, which are those of a channel, in the order in which they were sent
        self._kernel = 0
        self._clients: dict[str, Client] = {}
        self._numbers: dict[str, int] = {}
        self._next_number = 0
        self._frames = bytearray(JOURNAL_BYTES)

    def _step(self, do: str, arguments: Mapping[str, Any], work: Callable[[], Any], *, shared: bool = True) -> Any:
        """Do it and write it down. What it answers; None where it was refused."""
        step = {"do": do, **{name: value for name, value in arguments.items() if value is not None}}
        self.steps.append(step)
        try:
            answer = work()
        except NeuralTraderError as error:
            step["error"] = refusal(error, shared=shared)
            return None
        step.update(answer if isinstance(answer, dict) else {"answer": answer})
        return answer

    def _call(self, kind: str, a: int = 0, b: int = 0, *, result: int = 0, given: bytes = b"", out: bytes = b"") -> list[Any]:
        """A call for programs in C; order records are filled in at the end."""
        made = [kind, a, b, result, given, out]
        self.calls.append(made)
        return made

    # ---- the kernel --------------------------------------------------------------------------------------------------------------

    def create(self, **fields: Any) -> None:
        """Make the kernel."""
        config = ffi.new("nt_kernel_config *", {"clock": abi.NT_CLOCK_TAPE, "journal_bytes": JOURNAL_BYTES, "record": 1, **encoded(fields)})
        handle = ffi.new("uint32_t *")

        def work() -> int:
            self._call("create", given=bytes(ffi.buffer(config)))
            call(lib.nt_kernel_create, config, handle)
            return 0

        fields = {"clock": abi.NT_CLOCK_TAPE, "journal_bytes": JOURNAL_BYTES, "record": 1, **fields}
        if self._step("create", {"config": fields}, work) is not None:
            self._kernel = handle[0]
            self.on_tape = fields["clock"] == abi.NT_CLOCK_TAPE

    def _row(self, do: str, type_: str, function: Any, fields: Mapping[str, Any]) -> None:
        row = ffi.new(f"{type_} *", encoded(fields))
        result = function(self._kernel, row)
        self._call(do, result=result, given=bytes(ffi.buffer(row)))
        given = {name: value for name, value in fields.items() if value != abi.NT_ABSENT or name not in ABSENT_FIELDS[do]}
        self._step(do, {"row": given}, lambda: check(result, self._kernel))

    def instrument(self, **fields: Any) -> None:
        """Add an instrument."""
        self._row("instrument", "nt_instrument", lib.nt_kernel_add_instrument, fields)

    def account(self, **fields: Any) -> None:
        """Add an account."""
        self._row("account", "nt_account", lib.nt_kernel_add_account, fields)

    def terms(self, **fields: Any) -> None:
        """Set the terms of an account on an instrument."""
        self._row("terms", "nt_terms", lib.nt_kernel_set_terms, fields)

    def model(self, name: str, file: str | None = None, precision: int = 0, isa: int = 0) -> None:
        """Add a model of `files`, or one whose signals come from clients."""
        data = b"" if file is None else self.files[file]

        def work() -> int:
            memory = ffi.NULL if file is None else ffi.from_buffer(data)
            result = lib.nt_kernel_add_model(self._kernel, name.encode(), memory, len(data), precision, isa)
            self._call("model", precision, isa, result=result, given=name.encode().ljust(abi.NT_NAME_BYTES, b"\0") + data)
            return check(result, self._kernel)

        self._step("model", {"name": name, "file": file, "precision": precision, "isa": isa}, work)

    def client(self, name: str) -> None:
        """A client of this process."""
        handle = ffi.new("uint32_t *")
        self._call("client", given=name.encode().ljust(abi.NT_NAME_BYTES, b"\0"))
        if self._step("client", {"client": name}, lambda: call(lib.nt_kernel_client, self._kernel, name.encode(), handle)) is not None:
            self._clients[name] = Client(handle[0], name)
            self._numbers[name] = self._next_number
            self._next_number += 1
            self._orders.setdefault(name, [])
        else:
            self.calls.pop()

    def subscribe(self, client: str) -> None:
        """Take part in the lockstep."""

        def work() -> int:
            self._clients[client].subscribe()
            self._call("subscribe", self._numbers[client])
            return 0

        self._step("subscribe", {"client": client}, work)

    def leave(self, client: str) -> None:
        """The client closes."""

        def work() -> dict[str, Any]:
            self._call("leave", self._numbers[client])
            self._clients[client].close()
            return {}

        self._step("leave", {"client": client}, work)

    def feed(self, *rows: Tick) -> int:
        """Put ticks straight into the loop. Returns how many it took."""
        records = tick_records(rows)
        result = lib.nt_kernel_replay(self._kernel, ffi.from_buffer("nt_tick[]", records), len(records))
        self._call("feed", result=result, given=records.tobytes())
        self._step("feed", {"ticks": list(rows)}, lambda: {"taken": check(result, self._kernel)})
        return int(result)

    def run(self) -> None:
        """Take what clients have sent."""
        result = lib.nt_kernel_run(self._kernel, 1 << 20)
        self._call("run", 1 << 20, result=result)
        self._step("run", {}, lambda: {"taken": check(result, self._kernel)})

    def state(self, state: str, account: int = 65535) -> None:
        """Set a trading state."""
        code, why = abi.TradingState[state], b"conformance"
        result = lib.nt_kernel_set_state(self._kernel, account, code, why)
        self._call("state", account, code, result=result, given=why + b"\0")
        self._step("state", {"state": state, "account": account}, lambda: check(result, self._kernel))

    # ---- orders ------------------------------------------------------------------------------------------------------------------

    def _send(self, do: str, client: str, arguments: Mapping[str, Any], work: Callable[[], Any], **kinds: Any) -> Any:
        """A request, of which the record is taken from the journal afterwards."""
        answer = self._step(do, {"client": client, **arguments}, work, **kinds)
        if answer is not None:
            for _ in range(1 if do != "cancel_all" or "account" in arguments else len(self._clients[client]._accounts)):
                own_id = "client_order_id" in arguments.get("record", ())
                self._orders[client].append(self._call("order", self._numbers[client], int(own_id)))
        return answer

    def submit(self, client: str, *, shared: bool = True, **order: Any) -> int:
        """Submit through the public client. The order's id, 0 where it was refused at once."""
        work = lambda: {"id": self._clients[client].submit(**order)}  # noqa: E731
        answer = self._send("submit", client, {"order": plainly(order)}, work, shared=shared)
        return 0 if answer is None else int(answer["id"])

    def send(self, client: str, **fields: Any) -> int:
        """Submit a record as it is: what the public client would not send."""
        fields = {"message": abi.NT_MESSAGE_NEW, "side": 1, "type": 1, "time_in_force": 1, "quantity": 1, **fields}
        record = ffi.new("nt_order *", {**dict.fromkeys(ABSENT_FIELDS["record"], abi.NT_ABSENT), **fields})
        handle = self._clients[client]._handle

        def work() -> dict[str, Any]:
            check(lib.nt_client_submit(handle, record), handle)
            return {"id": int(record.client_order_id)}

        answer = self._send("send", client, {"record": fields}, work)
        return 0 if answer is None else int(answer["id"])

    def replace(self, client: str, id: int, *, shared: bool = True, **change: Any) -> None:  # noqa: A002
        """Replace an order."""

        def work() -> dict[str, Any]:
            self._clients[client].replace(id, **change)
            return {}

        self._send("replace", client, {"id": id, "change": change}, work, shared=shared)

    def cancel(self, client: str, id: Any, *, shared: bool = True) -> None:  # noqa: A002
        """Cancel an order."""

        def work() -> dict[str, Any]:
            self._clients[client].cancel(id)
            return {}

        self._send("cancel", client, {"id": id}, work, shared=shared)

    def cancel_all(self, client: str, **which: str) -> None:
        """Cancel everything, or what is on a symbol or of an account."""
        self._send("cancel_all", client, which, lambda: {"known": self._clients[client].cancel_all(**which)})

    # ---- what comes --------------------------------------------------------------------------------------------------------------

    def poll(self, client: str, max_ticks: int = TICKS, *, keep: bool = False, show: bool = False) -> list[str]:
        """Poll. Ticks are counted; `keep` writes their bytes down and sums their columns, `show` writes the columns and the public form of
        each down instead. What became of orders, as texts."""
        step = self._step
        if self.raw and 1 <= max_ticks <= TICKS:
            step("poll", {"client": client}, lambda: self._raw_poll(client, max_ticks, keep))
            return []
        seen: list[str] = []

        def work() -> dict[str, Any]:
            batch = self._clients[client].poll(max_ticks)
            seen.extend(f"{report.order_id} {report.kind} {report.reason or ''}".strip() for report in batch.reports)
            answer: dict[str, Any] = {"ticks": len(batch.ticks), **({"ended": True} if batch.ended else {})}
            if batch.lost:
                raise AssertionError("a tape has lost ticks")
            columns = {name: doubles(batch.ticks.column(name).tolist()) for name in COLUMNS}
            if show:
                answer["columns"] = columns
                answer["shown"] = [tick_row(batch.ticks, index) for index in range(len(batch.ticks))]
            elif keep:
                answer["columns_sha256"] = hashlib.sha256(bytes.fromhex("".join(columns.values()))).hexdigest()
            if signals := self._clients[client].last_signals():
                answer["signals"] = [signal_row(signal) for signal in signals]
            if batch.reports:
                answer["reports"] = [report_row(report) for report in batch.reports]
            return answer

        step("poll", {"client": client, "max_ticks": None if max_ticks == TICKS else max_ticks}, work)
        return seen

    def _raw_poll(self, client: str, max_ticks: int, keep: bool) -> dict[str, Any]:
        ticks, reports, poll = (ffi.new(kind) for kind in (f"nt_tick[{TICKS}]", f"nt_report[{REPORTS}]", "nt_poll *"))
        result = lib.nt_client_poll(self._clients[client]._handle, ticks, max_ticks, reports, REPORTS, 0, poll)
        check(result, self._clients[client]._handle)
        tick_bytes = bytes(ffi.buffer(ticks))[: poll.ticks * 64] if keep else b""
        report_bytes = bytes(ffi.buffer(reports))[: poll.reports * 128]
        out = bytes(ffi.buffer(poll)) + tick_bytes + report_bytes
        self._call("poll", self._numbers[client], max_ticks, result=result, given=struct.pack("<I", keep), out=out)
        return {}

    # ---- reads -------------------------------------------------------------------------------------------------------------------

    def _read(
        self, what: str, client: str, arguments: Mapping[str, Any], row: str, function: Any, where: tuple[int, ...], work: Any
    ) -> None:
        """A read through the public client; the second time by the library, for its bytes."""
        out = ffi.new(row)
        handle = self._clients[client]._handle if client in self._clients else 0
        result = function(handle, *where, out)
        data = bytes(ffi.buffer(out)) if result >= 0 else b""
        if self.raw:
            numbers = struct.pack("<2I", *(*where[:2], *(0,) * (2 - len(where[:2]))))
            self._call(what, self._numbers[client], result=result, given=numbers, out=data)
        self._step(what, {"client": client, **arguments}, lambda: work(data))

    def quote(self, client: str, symbol: str) -> None:
        """The last quote."""

        def work(data: bytes) -> dict[str, Any]:
            found = self._clients[client].quote(symbol)
            row = {"bid_price": found.bid, "ask_price": found.ask, "bid_size": found.bid_size, "ask_size": found.ask_size}
            row |= {"last_price": found.last, "last_size": found.last_size}
            flags = int(self._clients[client]._quote.flags)
            rest = {"session": found.session, "implied": found.implied, "stale": bool(flags & abi.NT_TICK_STALE)}
            return {"value": {"ts_event": str(found.ts_event), **{name: number(value) for name, value in row.items()}, **rest}}

        self._read("quote", client, {"symbol": symbol}, "nt_quote *", lib.nt_read_quote, (self._index(client, symbol),), work)

    def position(self, client: str, symbol: str, account: str | None = None) -> None:
        """A position."""

        def work(data: bytes) -> dict[str, Any]:
            found = self._clients[client].position(symbol, account)
            names = ("quantity", "projected", "working_buy", "working_sell", "average_price")
            money = {name: plain(getattr(found, name)) for name in ("realized_pnl", "unrealized_pnl", "fees")}
            return {"value": {**{name: number(getattr(found, name)) for name in names}, **money}}

        where = (self._owner(client, account), self._index(client, symbol))
        self._read("position", client, {"symbol": symbol, "account": account}, "nt_position *", lib.nt_read_position, where, work)

    def money(self, client: str, account: str | None = None) -> None:
        """An account."""

        def work(data: bytes) -> dict[str, Any]:
            found = self._clients[client].account(account)
            money = {name: plain(getattr(found, name)) for name in ("equity", "realized_pnl", "unrealized_pnl", "fees", "day_pnl")}
            head = {"name": found.name, "currency": found.currency, "cash": plain(found.cash[found.currency])}
            return {"value": {**head, **money, "open_orders": found.open_orders, "state": found.state, "state_reason": found.state_reason}}

        where = (self._owner(client, account),)
        self._read("money", client, {"account": account}, "nt_account_view *", lib.nt_read_account, where, work)

    def features(self, client: str, symbol: str) -> None:
        """The features of an instrument, as bytes."""

        def read(handle: int, instrument: int, out: Any) -> int:
            return int(lib.nt_read_features(handle, instrument, out, abi.NT_FEATURE_COUNT))

        def work(data: bytes) -> dict[str, Any]:
            found = self._clients[client].features(symbol)
            if doubles(list(found.values())) != data.hex():
                raise AssertionError("the features of the public client are not those of the library")
            return {"value": data.hex()}

        self._read("features", client, {"symbol": symbol}, f"double[{abi.NT_FEATURE_COUNT}]", read, (self._index(client, symbol),), work)

    def book(self, client: str, symbol: str) -> None:
        """The book, for its bytes alone: not every language shows one."""
        self._read("book", client, {"symbol": symbol}, "nt_book *", lib.nt_read_book, (self._index(client, symbol),), lambda data: {})

    def signal(self, client: str, symbol: str, model: str | None = None) -> None:
        """The last signal of a model."""
        models = self._clients[client].models
        where = (0 if model not in models else models.index(model), self._index(client, symbol))
        work = lambda data: {"value": signal_row(self._clients[client].signal(symbol, model))}  # noqa: E731
        self._read("signal", client, {"symbol": symbol, "model": model}, "nt_tick *", lib.nt_read_signal, where, work)

    def now(self, client: str) -> None:
        """The kernel's time."""
        work = lambda data: {"value": str(self._clients[client].now_ns)}  # noqa: E731
        self._read("now", client, {}, "int64_t *", lib.nt_read_now, (), work)

    def orders(self, client: str, symbol: str | None = None) -> None:
        """Open orders of the client."""
        names = ("symbol", "side", "quantity", "filled", "price", "status")
        work = lambda: {  # noqa: E731
            "value": [{"order_id": row.id, **{name: getattr(row, name) for name in names}} for row in self._clients[client].orders(symbol)]
        }
        self._step("orders", {"client": client, "symbol": symbol}, work)

    def _index(self, client: str, symbol: str) -> int:
        found = self._clients[client]._tradables.get(symbol)
        return abi.NT_NONE if found is None else found.index

    def _owner(self, client: str, account: str | None) -> int:
        accounts = self._clients[client]._accounts
        return accounts[account or next(iter(accounts))][0] if account is None or account in accounts else len(accounts)

    # ---- the end -----------------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Drain the journal, and fill the orders in that it holds. The kernel ends. Only tapes leave the same journal each time."""
        if self._kernel == 0:
            return
        while (
            self.on_tape
            and (size := check(lib.nt_kernel_drain(self._kernel, ffi.from_buffer(self._frames), len(self._frames)), self._kernel)) > 0
        ):
            self.journal += bytes(self._frames[:size])
        self._call("journal", result=0, out=struct.pack("<2Q", len(self.journal), fnv(self.journal)))
        self._call("close")
        for client in self._clients.values():
            client.close()
        lib.nt_close(self._kernel)
        channels = list(self._orders.values())
        for channel, record in orders_of(self.journal):
            ready = channels[channel].pop(0)
            given = record[16:24] if ready[2] else bytes(8)
            extended = int.from_bytes(record[60:64], "little") & abi.NT_ORDER_EXTENDED
            ready[4], ready[5] = bytes(16) + given + record[24 : 128 if extended else 64], record[16:24]  # without sequence and time
        if any(channels):
            raise AssertionError("orders were sent that the kernel has not taken: run it once more")


def of_sessions(sessions: list[dict[str, Any]]) -> dict[str, Any]:
    """What a file with sessions has of them: the names of what rows hold in order, and what is absent from rows that do not say."""
    return {"report_fields": REPORT_FIELDS, "tick_fields": TICK_FIELDS, "columns": COLUMNS, "absent": ABSENT_FIELDS, "sessions": sessions}


def encoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields for cffi, which takes texts as bytes."""
    return {name: value.encode() if isinstance(value, str) else value for name, value in fields.items()}


def orders_of(journal: bytes) -> list[tuple[int, bytes]]:
    """Channel and record of every request in a journal."""
    found, at = [], 0
    while at < len(journal):
        frame = ffi.from_buffer("nt_frame *", journal[at : at + ffi.sizeof("nt_frame")])
        if frame.input == abi.NT_INPUT_ORDER:
            found.append((frame.channel, journal[at + ffi.sizeof("nt_frame") :][: frame.input_bytes]))
        at += frame.bytes
    return found


def fnv(data: bytes) -> int:
    """FNV-1a of 64 bits: what a C program compares a journal by."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def play(script: Script, files: Mapping[str, bytes] | None = None) -> tuple[dict[str, Any], list[Any]]:
    """The vector of a script, and its calls for programs in C."""
    played = []
    for raw in (False, True):
        session = Session(raw=raw, files=files or {})
        script(session)
        session.close()
        played.append(session)
    shown, bare = played
    if shown.journal != bare.journal:
        raise AssertionError(f"{script.__name__}: the same steps have left another journal")
    vector: dict[str, Any] = {"name": script.__name__.replace("_", " "), "about": (script.__doc__ or "").strip(), "steps": shown.steps}
    if shown.on_tape:
        vector["journal"] = {"bytes": len(shown.journal), "sha256": hashlib.sha256(shown.journal).hexdigest()}
    return vector, bare.calls
