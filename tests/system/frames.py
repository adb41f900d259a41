#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Frames to and from an interface, to see which pass a filter.

frames.py send INTERFACE           sends what stdin says, a frame a line: DESTINATION SOURCE VLAN NAME
frames.py recv INTERFACE READY     makes the file READY, then prints the frames that arrive until one is named "end"

VLAN is "-", or the VLAN ID, with /PCP if the priority is not 0. recv prints NAME, and @VLAN if the frame had a tag; it
does not make the interface promiscuous, and fails if there is no end within 20 s.
"""
import pathlib
import socket
import struct
import sys
import time

ETHERTYPE = 0x88B5  # IEEE 802: local experiments
VLAN_TYPE = 0x8100
ETH_P_ALL = 3
SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID = 0x10
LENGTH = 60
TIMEOUT = 20


def open_socket(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind((interface, ETH_P_ALL))
    return sock


def mac(text):
    return bytes(int(byte, 16) for byte in text.split(":"))


def send(interface):
    sock = open_socket(interface)
    for line in sys.stdin:
        destination, source, vlan, name = line.split()
        frame = mac(destination) + mac(source)
        if vlan != "-":
            vid, _, pcp = vlan.partition("/")
            frame += struct.pack(">HH", VLAN_TYPE, int(vid) | int(pcp or 0) << 13)
        frame += struct.pack(">H", ETHERTYPE) + name.encode() + b"\n"
        sock.send(frame.ljust(LENGTH, b"\0"))


def tag_of(ancillary):
    """The VLAN tag that the kernel has taken out of the frame, or None."""
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, _, _, _, _, tci, _ = struct.unpack("=IIIHHHH", data[:20])
            if status & TP_STATUS_VLAN_VALID:
                return tci
    return None


def recv(interface, ready):
    sock = open_socket(interface)
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.settimeout(0.1)
    pathlib.Path(ready).touch()
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        try:
            frame, ancillary, _, address = sock.recvmsg(2048, 256)
        except TimeoutError:
            continue
        if address[2] == PACKET_OUTGOING:
            continue
        tci, at = tag_of(ancillary), 12
        if tci is None and struct.unpack_from(">H", frame, at)[0] == VLAN_TYPE:
            tci, at = struct.unpack_from(">H", frame, at + 2)[0], at + 4
        if struct.unpack_from(">H", frame, at)[0] != ETHERTYPE:
            continue
        name = frame[at + 2:].split(b"\n")[0].decode(errors="replace")
        if name == "end":
            return 0
        vlan = "" if tci is None else f"@{tci & 0xfff}" + (f"/{tci >> 13}" if tci >> 13 else "")
        print(name + vlan, flush=True)
    print(f"no end on {interface} within {TIMEOUT} s", flush=True)
    return 1


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "send":
        return send(arguments[1])
    if len(arguments) == 3 and arguments[0] == "recv":
        return recv(arguments[1], arguments[2])
    sys.exit(__doc__)


sys.exit(main(sys.argv[1:]))
