"""The packed package: what it holds, that it installs where nothing else is, what its types refuse, and what it does when others die."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path

import pytest
from javascript_runtimes import MODULES, PACKAGE
from running import Case, attached
from support import Market, Peer, config_of, segments, until, walk, write_tape
from support_javascript import DENO, INSTALL, RUNTIMES, TSC, Program, environment, need, run, tarball

import neural_trader as nt
from neural_trader.monitor import Monitor
from neural_trader.processes import feed_worker

pytestmark = pytest.mark.xdist_group("javascript-package")

# Leaves an order working, sends and cancels others all the time, and says what has come.
FOLLOWER = """
import { Client, KernelDead } from "@neural-trader/core";

const client = await Client.attach(process.argv[2] ?? "", { name: "follower", timeoutMs: 30_000 });
const order = { symbol: "TEST", side: "BUY", quantity: 1, price: 900, timeInForce: "GTC" } as const;
client.submit(order);
const timer = setInterval(() => {
  try {
    client.cancel(client.submit(order));
  } catch (error) {
    if (!(error instanceof KernelDead)) throw error; // the loop below says so
  }
}, 10);
let [ticks, answers] = [0, 0];
try {
  for await (const batch of client.batches()) {
    ticks += batch.ticks.length;
    answers += batch.reports.length;
    console.log(JSON.stringify({ ticks, answers }));
  }
} catch (error) {
  console.log(JSON.stringify({ kernelDead: error instanceof KernelDead, ticks, answers }));
  clearInterval(timer);
  client.close();
}
"""

CONSUMER = """
import type { AttachOptions, Batch, MarketData, OrderRequest, Position, Report, Stats } from "@neural-trader/core";
import { Client, ExecutionEngine, ExecutionResult, InvalidArgument, MarketDataStream, NeuralTraderError } from "@neural-trader/core";

export async function right(client: Client, options: AttachOptions): Promise<string> {
  const order: OrderRequest = { symbol: "ES", side: "BUY", quantity: "1", price: "1640.25", timeInForce: "GTC", postOnly: true };
  const id: number = client.submit(order);
  client.replace(id, { quantity: 2 });
  const result: ExecutionResult = await client.execute({ symbol: "ES", side: "SELL", quantity: 1 }, { until: "done", timeoutMs: Infinity });
  const reason: string | null = result.reason;
  const money: string = client.account().cash;
  const prices: Float64Array = client.poll().ticks.column("price");
  for await (const batch of client.batches()) {
    for (const tick of batch.ticks) if (tick.aggressor === "BUY") return `${tick.price}`;
    const at: bigint | undefined = batch.reports[0]?.tsEvent;
    if (at !== undefined) break;
  }
  await using stream = await MarketDataStream.attach("es-paper", { ...options, symbols: ["ES"] });
  for await (const { bid, ask, spread } of stream) console.log(bid, ask, spread);
  await using engine = new ExecutionEngine("es-paper");
  await engine.start({ name: "desk" });
  const subscription = engine.subscribeMarketData(["ES"], async ({ symbol, timestampNs }: MarketData) => console.log(symbol, timestampNs));
  subscription.unsubscribe();
  const stats: Stats = engine.getStats();
  return `${reason} ${money} ${prices.length} ${stats.submitted}`;
}

export function wrong(client: Client, batch: Batch, position: Position, report: Report): void {
WRONG}

export function caught(error: unknown): number | bigint | null {
  if (error instanceof InvalidArgument) return error.limit;
  return error instanceof NeuralTraderError ? error.code : null;
}
"""

WRONG = """
client.submit({ symbol: "ES", side: "HOLD", quantity: 1 });
client.submit({ symbol: "ES", side: "BUY" });
client.submit({ side: "BUY", quantity: 1 });
client.submit({ symbol: "ES", side: "BUY", quantity: 1, prise: 99 });
client.submit({ symbol: "ES", side: "BUY", quantity: 1n });
client.submit({ symbol: "ES", side: "BUY", quantity: null });
client.submit({ symbol: "ES", side: "BUY", quantity: 1, timeInForce: "FOREVER" });
client.submit({ symbol: "ES", side: "BUY", quantity: 1, orderType: "PEGGED" });
client.submit({ symbol: "ES", side: "BUY", quantity: 1, timeInForce: "GTD", expireNs: 5 });
client.submit("BUY 1 ES");
client.replace("1", { quantity: 2 });
client.replace(1, { side: "SELL" });
client.cancel({ orderId: 1 });
void client.execute({ symbol: "ES", side: "BUY", quantity: 1 }, { until: "filled" });
void client.execute({ symbol: "ES", side: "BUY", quantity: 1 }, { timeout: 5 });
void Client.attach("es-paper", { timeout: 5 });
void Client.attach({ name: "es-paper" });
void new Client();
batch.ticks.column("nope");
batch.ticks = client.poll().ticks;
batch.ended = true;
batch.reports.push(report);
position.quantity = 5;
position.realizedPnl.toFixed(2);
report.status = "FILLED";
report.lastPrice.toFixed(2);
client.name = "other";
client.symbols.push("NQ");
void client.quote("ES").bidPrice.toFixed(2);
void client.batches({ signal: "stop" });
void new ExecutionEngine("es-paper").submitOrder({ symbol: "ES", side: "BUY" });
void new ExecutionEngine({ name: "es-paper", limits: { max_positon: 5 } });
new ExecutionEngine("es-paper").subscribeMarketData("ES", console.log);
new ExecutionResult();
"""


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


@functools.cache
def names() -> list[str]:
    """Of the files of the package, without their common directory."""
    with tarfile.open(tarball()) as archive:
        return sorted(member.name.removeprefix("package/") for member in archive.getmembers())


def project(directory: Path, home: Path) -> Path:
    """A project of whoever installs the package, with nothing else: no cache, no settings, no compiler."""
    directory.mkdir(parents=True)
    (directory / "package.json").write_text('{ "name": "consumer", "private": true, "type": "module" }\n')
    registry = run("npm", "config", "get", "registry").strip()
    home.mkdir(exist_ok=True)
    run("npm", *INSTALL, str(tarball()), cwd=directory, env=environment(HOME=str(home), npm_config_registry=registry))
    return directory


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, installed once in an empty directory by a user without a home."""
    need()
    return project(tmp_path_factory.mktemp("javascript") / "project", tmp_path_factory.mktemp("home"))


@pytest.fixture
def consumer(installed: Path, tmp_path: Path) -> Path:
    """A copy of that, with the types of Node beside it."""
    directory = tmp_path / "project"
    shutil.copytree(installed, directory, symlinks=True)
    types = directory / "node_modules/@types"
    types.mkdir()
    shutil.copytree(MODULES / "@types/node", types / "node")
    shutil.copytree(MODULES / "undici-types", directory / "node_modules/undici-types")
    return directory


def compiled(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What a strict compiler says to the TypeScript of a directory, libraries included."""
    strict = ("--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess", "--skipLibCheck", "false", "--erasableSyntaxOnly")
    target = ("--target", "es2023", "--lib", "es2023,esnext.disposable", "--module", "nodenext", "--types", "node", "--outDir", "dist")
    files = sorted(path.name for path in directory.glob("*.ts"))
    return subprocess.run([TSC, *strict, *target, *options, *files], cwd=directory, capture_output=True, text=True, check=False)


def started(runtime: str, directory: Path, source: str, *arguments: str) -> Program:
    """A program of a project, compiled where the runtime takes no TypeScript."""
    chosen = RUNTIMES[runtime]
    (directory / "program.ts").write_text(source)
    if not chosen.strips_types:
        done = compiled(directory)
        assert done.returncode == 0, done.stdout
    return Program([*chosen.command, "program.ts" if chosen.strips_types else "dist/program.js", *arguments], directory)


# ---- what it holds -----------------------------------------------------------------------------------------------------------------------


def test_it_holds_what_it_needs_and_nothing_else() -> None:
    need("node20")
    platform = run(*RUNTIMES["node20"].command, "-p", "`${process.platform}-${process.arch}`").strip()
    wanted = ["LICENSE", "README.md", "package.json", "dist/neural_trader.js"]
    wanted += [f"dist/{path.relative_to(PACKAGE / 'src').with_suffix('.d.ts')}" for path in (PACKAGE / "src").rglob("*.ts")]
    wanted += [f"native/{platform}/{name}" for name in ("libneural_trader.so", "neural_trader.node")]
    assert names() == sorted(wanted)


def test_the_native_files_are_small_and_say_nothing_of_this_machine() -> None:
    with tarfile.open(tarball()) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            assert stream is not None, member.name  # files alone: no links
            data = stream.read()
            assert str(PACKAGE.parents[1]).encode() not in data, member.name
            if "/native/" in member.name:
                assert 10_000 < len(data) < 1_000_000, member.name
                assert b".debug_info" not in data, member.name


def test_what_package_json_names_is_there(installed: Path) -> None:
    directory = installed / "node_modules/@neural-trader/core"
    package = json.loads((directory / "package.json").read_text())
    exported = package["exports"]["."]
    assert all((directory / path).is_file() for path in exported.values())
    assert package["license"] == "MIT"
    assert not package.keys() & {"scripts", "bin", "gypfile", "dependencies"}  # nothing runs on installation, and nothing else comes
    assert [path.name for path in (installed / "node_modules").iterdir() if not path.name.startswith(".")] == ["@neural-trader"]


# ---- where it runs -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_its_readme_trades_on_a_kernel_of_the_command_line(runtime: str, consumer: Path, kernel_name: str, tmp_path: Path) -> None:
    need(runtime)
    (code,) = re.findall(r"```ts\n(.*?)```", (consumer / "node_modules/@neural-trader/core/README.md").read_text(), re.S)
    case = Case(tmp_path, kernel_name, trades=20_000)
    with case.start("--realtime", "--speed", "20", "--participants", "0", "--json") as kernel, attached(kernel_name) as monitor:
        with started(runtime, consumer, code.replace('"es-paper"', f'"{kernel_name}"').replace('"ES"', '"TEST"')) as program:
            assert program.hear() == "DENIED QUANTITY_EXCEEDS_MAXIMUM observed=500 limit=10"
            assert re.fullmatch(r"FILLED [\d.]+ 1 \d+\.\d+", program.hear())
            assert re.fullmatch(r"\d+ ticks, \d reports, trade flow (NaN|-?[\d.]+)", program.hear())
            assert program.end() == 0, program.errors()
        until(lambda: not monitor.channels(), "that the client has left")
        summary = json.loads(kernel.end(signal.SIGINT).stdout)
    assert summary["orders"] == {"accepted": 1, "denied": {"QUANTITY_EXCEEDS_MAXIMUM": 1}}
    assert case.segments() == []


PERMISSIONS = ("--allow-ffi", "--allow-read", "--allow-env")


@pytest.mark.parametrize("left_out", [None, *PERMISSIONS])
def test_deno_needs_three_permissions(left_out: str | None, consumer: Path, kernel_name: str) -> None:
    need("deno")
    (consumer / "program.ts").write_text(
        'import { Client } from "@neural-trader/core";\n'
        "const client = await Client.attach(process.argv[2] ?? '');\n"
        'console.log(`${await client.execute({ symbol: "TEST", side: "BUY", quantity: 500 })}`);\n'
        "client.close();\n"
    )
    given = [permission for permission in PERMISSIONS if permission != left_out]
    with Market(config_of(kernel_name, limits=nt.Limits(max_order_quantity=10))) as market:
        market.trade(100)
        with Program([DENO, "run", "--no-prompt", *given, "program.ts", kernel_name], consumer) as program:
            code = program.end()
            if left_out is None:
                assert code == 0, program.errors()
                assert program.hear().startswith("DENIED")
            else:
                assert code == 1
                assert left_out.removeprefix("--allow-") in program.errors()


# ---- its types ---------------------------------------------------------------------------------------------------------------------------


def test_types_take_what_is_right_and_refuse_what_is_wrong(consumer: Path) -> None:
    need()
    wrong = "".join(f"  // @ts-expect-error\n  {line}\n" for line in lines_of(WRONG))
    (consumer / "consumer.ts").write_text(CONSUMER.replace("WRONG", wrong))
    done = compiled(consumer)  # a line that is taken all the same is an error of its own: the directive is unused
    assert (done.returncode, done.stdout) == (0, "")
    (consumer / "consumer.ts").write_text(CONSUMER.replace("WRONG", "".join(f"  {line}\n" for line in lines_of(WRONG))))
    refused = {int(number) for number in re.findall(r"^consumer\.ts\((\d+),", compiled(consumer).stdout, re.M)}
    assert len(refused) == len(lines_of(WRONG))


# ---- the deaths of others ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_client_that_is_killed_leaves_kernel_and_others_alone(runtime: str, consumer: Path, kernel_name: str) -> None:
    need(runtime)
    with Peer("kernel", name=kernel_name) as kernel, Monitor(kernel.hear() and kernel_name) as monitor:
        with started(runtime, consumer, FOLLOWER, kernel_name) as program:
            program.hear("{")
            until(lambda: monitor.counters().cancels > 1, "that it trades")
            program.end(signal.SIGKILL)
        until(lambda: not monitor.channels(), "that its channel is free")
        until(lambda: [account.open_orders for account in monitor.snapshot().accounts] == [0], "the end of its orders")
        with started(runtime, consumer, FOLLOWER, kernel_name) as again:  # the same name, taken up where it stopped
            again.hear("{")
            cancels = monitor.counters().cancels
            until(lambda: monitor.counters().cancels > cancels + 1, "that it trades in its next life")
        assert monitor.alive
        assert kernel.leave() == 0
    assert segments(kernel_name) == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_client_outlives_its_feed(runtime: str, consumer: Path, kernel_name: str, tmp_path: Path) -> None:
    need(runtime)
    source = write_tape(tmp_path / "trades.csv", walk(20_000))
    with nt.Kernel(config_of(kernel_name), realtime=True) as kernel:
        kernel.start()
        with started(runtime, consumer, FOLLOWER, kernel_name) as program:
            with feed_worker(kernel_name, source, config_of(kernel_name), 10) as feed:
                until(lambda: json.loads(program.hear("{"))["ticks"] > 0, "ticks of the feed")
                os.kill(feed.pid, signal.SIGKILL)
                assert feed.wait(20) == -signal.SIGKILL  # it had not come to its end
            answers = json.loads(program.hear("{"))["answers"]
            until(lambda: json.loads(program.hear("{"))["answers"] > answers + 8, "answers without a feed")
            assert program.alive


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_client_says_that_its_kernel_has_gone(runtime: str, consumer: Path, kernel_name: str) -> None:
    need(runtime)
    with Peer("kernel", name=kernel_name) as kernel:
        kernel.hear()
        with started(runtime, consumer, FOLLOWER, kernel_name) as program:
            until(lambda: json.loads(program.hear("{"))["ticks"] > 0, "ticks")
            kernel.kill()
            assert json.loads(program.hear('{"kernelDead"'))["kernelDead"] is True
            assert program.end() == 0, program.errors()
    assert segments(kernel_name) != []  # of the dead kernel: its next start removes them
    with Market(config_of(kernel_name)):
        pass
    assert segments(kernel_name) == []
