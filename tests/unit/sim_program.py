#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of vqnic-sim as a program, with the real card and a small vfio-user client in place of QEMU. Prints TAP."""
import json
import mmap
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

SIM = "build/sim/vqnic-sim"
LIMIT = 20  # seconds, for anything that should happen at once
CONFIG = 7
MAGIC = 0x636E7176
SCRATCH = 0x50


class Client:
    """A vfio-user client."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(str(path))
        self.ask(1, struct.pack("<HH", 0, 0))

    def ask(self, command, payload=b""):
        self.socket.sendall(struct.pack("<HHIII", 7, command, 16 + len(payload), 0, 0) + payload)
        number, reply, size, _, error = struct.unpack("<HHIII", self.take(16))
        assert (number, reply, error) == (7, command, 0), (number, reply, error)
        return self.take(size - 16)

    def take(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the simulator has hung up")
            data += part
        return data

    def read(self, region, offset, size):
        return int.from_bytes(self.ask(9, struct.pack("<QII", offset, region, size))[16:], "little")

    def write(self, region, offset, value, size):
        self.ask(10, struct.pack("<QII", offset, region, size) + value.to_bytes(size, "little"))

    def enable(self):
        self.write(CONFIG, 4, 6, 2)

    def close(self):
        self.socket.close()


class Sim:
    """A running simulator, in a folder of its own."""

    def __init__(self, *options, port="loopback"):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.process = subprocess.Popen(
            [os.path.abspath(SIM), "--socket", self.path / "nic", "--control", self.path / "control", "--port", port,
             "--log", self.path / "log", *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=self.path)
        wait_for(lambda: (self.path / "nic").exists() or self.process.poll() is not None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()

    def client(self):
        return Client(self.path / "nic")

    def ctl(self, *words, folder=None):
        return subprocess.run([os.path.abspath(SIM), "ctl", self.path / "control", *words], cwd=folder or self.path,
                              capture_output=True, text=True, timeout=LIMIT)

    def stats(self):
        return json.loads(self.ctl("stats").stdout)

    def ended(self):
        return self.process.wait(timeout=LIMIT)

    def log(self):
        return (self.path / "log").read_text()

    def cpu_ticks(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])


def wait_for(condition):
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end, "not within the time"
        time.sleep(0.01)


def run(*arguments):
    return subprocess.run([SIM, *arguments], capture_output=True, text=True, timeout=LIMIT)


def test_help_and_version():
    usage = run("--help")
    assert usage.returncode == 0 and not usage.stderr
    for option in ("--socket", "--port", "--pcap", "--wave", "--control", "--log", "--pcie-rtt", "--serial", "--once", "--link",
                   "slirp", "tap", "dgram", "pcap", "loopback", "none", "stats", "quit"):
        assert option in usage.stdout, option
    version = run("--version")
    assert version.returncode == 0 and version.stdout.startswith("vqnic-sim ")


def test_errors_name_what_is_wrong():
    for arguments, words in (
            ([], ["--socket"]),
            (["--socket", "/tmp/s", "--port", "radio"], ["--port", "radio"]),
            (["--socket", "/nowhere/s", "--port", "none"], ["--socket", "/nowhere/s"]),
            (["--socket", "/tmp/s", "--port", "none", "--log", "/nowhere/l"], ["--log", "/nowhere/l"]),
            (["--socket", "/tmp/s", "--port", "none", "--pcap", "/nowhere/p"], ["--pcap", "/nowhere/p"]),
            (["--socket", "/tmp/s", "--port", "none", "--wave", "/nowhere/w"], ["--wave", "/nowhere/w"]),
            (["--socket", "/tmp/s", "--port", "none", "--control", "/nowhere/c"], ["--control", "/nowhere/c"]),
            (["--socket", "/tmp/s", "--port", "none", "--pcie-rtt", "soon"], ["--pcie-rtt", "soon"]),
            (["ctl", "/nowhere/c", "stats"], ["/nowhere/c"]), (["ctl"], ["usage"])):
        result = run(*arguments)
        assert result.returncode == 1, arguments
        lines = result.stderr.splitlines()
        assert len(lines) == 1 or arguments == ["ctl"], result.stderr
        assert all(word in result.stderr for word in words), result.stderr
        assert not os.path.exists("/tmp/s")


def test_sockets_go_with_the_process():
    for end in (signal.SIGTERM, signal.SIGINT, "quit"):
        with Sim() as sim:
            client = sim.client()
            if end == "quit":
                assert sim.ctl("quit").stdout == "ok\n"
            else:
                sim.process.send_signal(end)
            assert sim.ended() == 0
            assert not (sim.path / "nic").exists() and not (sim.path / "control").exists()
            client.close()


def test_socket_of_a_dead_process_is_replaced():
    with Sim() as sim:
        sim.process.kill()
        sim.ended()
        arguments = ["--socket", sim.path / "nic", "--control", sim.path / "control", "--port", "none"]
        second = subprocess.Popen([SIM, *arguments], stderr=subprocess.PIPE)
        wait_for(lambda: sim.ctl("stats").returncode == 0)
        # One that is alive keeps its own.
        third = run(*map(str, arguments))
        assert third.returncode == 1 and "Address already in use" in third.stderr
        assert sim.ctl("stats").returncode == 0
        second.terminate()
        second.communicate(timeout=LIMIT)


def test_registers_of_the_card():
    with Sim() as sim:
        client = sim.client()
        assert client.read(CONFIG, 0, 4) == 0x76711234
        assert client.read(0, 0, 4) == 0xFFFFFFFF  # memory is not enabled
        client.enable()
        assert client.read(0, 0, 4) == MAGIC
        client.write(0, SCRATCH, 0x11223344, 4)
        client.write(0, SCRATCH + 1, 0x55, 1)
        client.write(0, SCRATCH + 2, 0x6677, 2)
        assert client.read(0, SCRATCH, 4) == 0x66775544
        assert client.read(0, SCRATCH + 1, 1) == 0x55
        assert client.read(0, 0, 8) == 0x2_0000 << 32 | MAGIC
        # D3hot: no answer, and nothing is forgotten
        client.write(CONFIG, 0x44, 3, 2)
        assert client.read(0, 0, 4) == 0xFFFFFFFF
        client.write(CONFIG, 0x44, 0, 2)
        assert client.read(0, SCRATCH, 4) == 0x66775544
        stats = sim.stats()
        assert stats["mmio_reads"] == 7 and stats["mmio_writes"] == 3, stats


def test_resets():
    with Sim() as sim:
        client = sim.client()
        for reset in (lambda: client.write(CONFIG, 0x58, 0x8000, 2), lambda: client.ask(13)):
            client.enable()
            client.write(0, SCRATCH, 5, 4)
            assert client.read(0, SCRATCH, 4) == 5
            reset()
            assert client.read(CONFIG, 4, 2) == 0
            client.enable()
            assert client.read(0, SCRATCH, 4) == 0
        client.write(0, SCRATCH, 5, 4)
        client.close()
        wait_for(lambda: not sim.stats()["connected"])
        client = sim.client()
        client.enable()
        assert client.read(0, SCRATCH, 4) == 0
        assert sim.stats()["clients"] == 2


def test_one_client_at_a_time():
    with Sim() as sim:
        first = sim.client()
        try:
            sim.client()
            raise AssertionError("a second client was let in")
        except (ConnectionError, BrokenPipeError):
            pass
        first.enable()
        assert first.read(0, 0, 4) == MAGIC
        first.close()
        # The next one is let in even if it comes before the first one's end was seen.
        second = sim.client()
        second.enable()
        assert second.read(0, 0, 4) == MAGIC


def test_nonsense_costs_the_connection_only():
    with Sim() as sim:
        client = sim.client()
        client.socket.sendall(b"\xff" * 4096)
        try:
            while client.socket.recv(4096):
                pass
        except ConnectionError:
            pass
        assert sim.process.poll() is None
        client = sim.client()
        client.enable()
        assert client.read(0, 0, 4) == MAGIC


def test_once():
    with Sim("--once") as sim:
        sim.client().close()
        assert sim.ended() == 0
        assert not (sim.path / "nic").exists()


def test_forced_register():
    """A register can be made to answer what the card does not say, as a whole and in part, until that is ended."""
    with Sim() as sim:
        client = sim.client()
        client.enable()
        true = client.read(0, 4, 4)
        sim.ctl("force", "0x4", "0x00020000")
        assert client.read(0, 4, 4) == 0x00020000
        assert client.read(0, 6, 2) == 2
        assert client.read(0, 0, 4) == MAGIC
        sim.ctl("unforce")
        assert client.read(0, 4, 4) == true


def test_link():
    with Sim(port="loopback") as sim:
        client = sim.client()
        client.enable()
        assert client.read(0, 0x44, 4) == 1
        assert sim.ctl("link", "down").stdout == "ok\n"
        assert client.read(0, 0x44, 4) == 0 and not sim.stats()["link"]
        assert sim.ctl("link", "up").returncode == 0
        assert client.read(0, 0x44, 4) == 1
    with Sim("--link", "down") as sim:
        assert not sim.stats()["link"]
        assert sim.ctl("link", "auto").returncode == 0
        wait_for(lambda: sim.stats()["link"])
    with Sim(port="none") as sim:
        assert not sim.stats()["link"]


def test_waves():
    with Sim("--wave", "first.fst") as sim:
        client = sim.client()
        client.enable()
        client.read(0, 0, 4)
        assert sim.stats()["wave"]
        assert sim.ctl("wave", "start", "second.fst").returncode == 1
        assert sim.ctl("wave", "stop").returncode == 0
        other = sim.path / "other"
        other.mkdir()
        # A name is meant from where `ctl` runs.
        assert sim.ctl("wave", "start", "second.fst", folder=other).returncode == 0
        client.read(0, 0, 4)
        assert sim.ctl("wave", "stop").returncode == 0
        assert sim.ctl("wave", "stop").returncode == 1
        for wave in (sim.path / "first.fst", other / "second.fst"):
            assert wave.stat().st_size > 1000, wave


def frames_of(path):
    data = path.read_bytes()
    assert data[:4] == bytes.fromhex("4d3cb2a1"), "not nanosecond pcap"
    frames, at = [], 24
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def test_replay_waits_for_a_driver():
    sent = [bytes([0xff] * 6 + [2, 0, 0, 0, 0, 1, 0x88, 0xb5]) + bytes([i % 256]) * (46 + i) for i in range(300)]
    with tempfile.TemporaryDirectory() as folder:
        replay = pathlib.Path(folder) / "in.pcap"
        replay.write_bytes(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(
            struct.pack("<IIII", i, 0, len(frame), len(frame)) + frame for i, frame in enumerate(sent)))
        with Sim("--link", "down", "--pcap", "wire.pcap", port=f"pcap,in={replay}") as sim:
            client = sim.client()
            assert sim.ctl("link", "up").returncode == 0
            assert sim.stats()["frames_in"] == 0
            client.enable()
            wait_for(lambda: sim.stats()["frames_in"] == len(sent))
            # No vdev is there to take them: the card has seen and dropped them all.
            wait_for(lambda: client.read(0, 0x100, 8) == len(sent))
            assert client.read(0, 0x118, 8) == len(sent)
            stats = sim.stats()
            assert stats["frames_in_lost"] == 0 and stats["violation"] is None, stats
            assert sim.ctl("pcap", "stop").returncode == 0
            assert frames_of(sim.path / "wire.pcap") == sent


def test_private_memory_is_warned_of():
    for flags, warned in ((mmap.MAP_PRIVATE, True), (mmap.MAP_SHARED, False)):
        with Sim() as sim:
            client = sim.client()
            memory = os.memfd_create("guest")
            os.ftruncate(memory, 0x10000)
            with mmap.mmap(memory, 0x10000, flags):
                payload = struct.pack("<IIQQQ", 32, 3, 0, 0x100000, 0x10000)
                socket.send_fds(client.socket, [struct.pack("<HHIII", 7, 2, 48, 0, 0) + payload], [memory])
                assert struct.unpack("<HHIII", client.take(16)) == (7, 2, 16, 1, 0)
            os.close(memory)
            assert ("share=on" in sim.log()) == warned, sim.log()


def test_idle_costs_nothing():
    with Sim(port="slirp") as sim:
        client = sim.client()
        client.enable()
        client.read(0, 0, 4)
        before, cycles = sim.cpu_ticks(), sim.stats()["cycles"]
        time.sleep(2)
        assert sim.cpu_ticks() - before <= 1, "more than 10 ms of CPU time in 2 s"
        assert sim.stats()["cycles"] == cycles


def main():
    tests = [(name[5:], test) for name, test in globals().items() if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, (name, test) in enumerate(tests, 1):
        try:
            test()
            print(f"ok {number} - {name}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("# " + traceback.format_exc().replace("\n", "\n# "))
            print(f"not ok {number} - {name}", flush=True)
    return 1 if failed else 0


sys.exit(main())
