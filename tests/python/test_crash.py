"""Processes die by SIGKILL at any moment: whoever is left goes on or is told, and the next start cleans up."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_client import ES

import neural_trader as nt
from neural_trader import errors

KERNEL = """
import sys, time
import neural_trader as nt
from test_client import ES
config = nt.Config(name=sys.argv[1], instruments={"ES": ES})
kernel = nt.Kernel(config, realtime=True)
kernel.start()
print("up", flush=True)
time.sleep(60)
"""

TRADER = """
import sys
import neural_trader as nt
client = nt.Client.attach(sys.argv[1], name=sys.argv[2])
print("up", flush=True)
while True:
    try:
        order = client.submit("ES", "BUY", 1, 90)
        client.cancel(order)
    except nt.NeuralTraderError:
        pass
    client.poll()
"""


def spawn(code: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process that dies with this one."""
    guard = "import ctypes; ctypes.CDLL(None).prctl(1, 9)\n"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    process = subprocess.Popen([sys.executable, "-c", guard + code, *arguments], stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    return process


def kill(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert process.stdout is not None
    process.stdout.close()


def poll_for_ever(client: nt.Client) -> None:
    while True:
        client.poll(timeout_s=0.1)


def segments(name: str) -> list[str]:
    return sorted(path.name for path in Path("/dev/shm").glob(f"nt.{name}.*"))


def test_a_killed_kernel_is_noticed_and_its_next_start_cleans_up(kernel_name: str) -> None:
    random.seed(5)
    for _ in range(4):
        process = spawn(KERNEL, kernel_name)
        client = nt.Client.attach(kernel_name, name="survivor")
        assert client.submit("ES", "BUY", 1, 90) == 1  # a new kernel knows nobody
        time.sleep(random.random() * 0.02)
        kill(process)
        with pytest.raises(errors.KernelDead):
            poll_for_ever(client)
        client.close()
        assert segments(kernel_name) != []
        with pytest.raises(errors.KernelDead):
            nt.Client.attach(kernel_name, timeout_s=0.05)
    with nt.Kernel(nt.Config(name=kernel_name, instruments={"ES": ES}), realtime=True) as kernel:
        kernel.start()
        with nt.Client.attach(kernel_name) as client:
            assert client.execute("ES", "BUY", 1, 90).status in ("NEW", "PENDING")
    assert segments(kernel_name) == []


def test_killed_clients_do_not_stop_the_others(kernel_name: str) -> None:
    random.seed(6)
    config = nt.Config(name=kernel_name, instruments={"ES": ES}, venue=nt.VenueConfig(latency_in_us=0, latency_out_us=0))
    with nt.Kernel(config, realtime=True) as kernel:
        kernel.start()
        with nt.Client.attach(kernel_name, name="other") as other:
            for round_number in range(6):
                victim = spawn(TRADER, kernel_name, "victim")
                time.sleep(random.random() * 0.1)
                assert other.execute("ES", "BUY", 1, 80).status == "NEW"
                kill(victim)
                deadline = time.monotonic() + 5
                while other.position("ES").working_buy != round_number + 1:  # the victim's orders are cancelled, ours are not
                    assert time.monotonic() < deadline
                    time.sleep(0.01)
            assert len(other.orders()) == 6
        result = kernel.stop()
    assert result.summary["orders"]["accepted"] > 6


def test_a_second_kernel_of_one_name_is_refused(kernel_name: str) -> None:
    config = nt.Config(name=kernel_name, instruments={"ES": ES})
    with nt.Kernel(config, realtime=True) as kernel:
        kernel.start()
        with pytest.raises(errors.NameInUse, match=kernel_name), nt.Kernel(config) as second:
            second.start()
        with nt.Client.attach(kernel_name) as client:
            assert client.execute("ES", "BUY", 1, 90, timeout_s=5).status == "NEW"


def test_a_program_that_just_ends_leaves_nothing(kernel_name: str) -> None:
    code = KERNEL.replace("time.sleep(60)", "client = kernel.client('c'); client.submit('ES', 'BUY', 1, 90)")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    subprocess.run([sys.executable, "-c", code, kernel_name], check=True, capture_output=True, timeout=30, env=env)
    assert segments(kernel_name) == []
