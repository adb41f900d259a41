#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents: the check of links finds what is wrong, and the programmer's guide names registers as they are. TAP."""
import pathlib
import re
import subprocess
import tempfile
import tomllib

import tap

TOP = pathlib.Path(__file__).resolve().parents[2]
GUIDE = TOP / "docs/programmers-guide.md"
ACCESS = re.compile(r"\b(read|write)(8|16|32|64)\((card|vdev|as|filter), ([A-Z_0-9]+)\b")
WORD = re.compile(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]*[A-Z0-9])(?:\.([A-Z_]+))?\b")

# What the guide names besides the register map: virtio's flags and status, and results of its examples.
STANDARD = {"DRIVER_OK", "FEATURES_OK", "NEEDS_RESET", "VERSION_1", "EVENT_IDX", "RING_RESET", "NO_NOTIFY", "NEEDS_CSUM", "DATA_VALID",
            "MRG_RXBUF", "GUEST_CSUM", "INDIRECT_DESC",
            "VIRTQ_AVAIL_F_NO_INTERRUPT", "NOT_OURS", "NOT_KNOWN", "NO_SUCH_VECTOR", "NOT_SUPPORTED", "IMPOSSIBLE_SIZE",
            "VIRTIO_NET_ERR"}


def check_links(files):
    """Runs docs/check-links in a folder with `files` (name: text) on a.md. Returns its exit status and output."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = pathlib.Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        run = subprocess.run([TOP / "docs/check-links", "a.md"], cwd=folder, capture_output=True, text=True)
        return run.returncode, run.stdout + run.stderr


def links_expect(name, text, wanted):
    """`wanted`: the lines that docs/check-links prints of a.md with this text."""
    got = check_links({"a.md": text, "b.md": "# One `two`, three\n", "sub/c.md": ""})
    expected = (1 if wanted else 0, "".join(f"a.md: {line}\n" for line in wanted))
    tap.result(name, [] if got == expected else [f"expected {expected}, got {got}"])


def registers():
    """Registers of the map by bank: name -> (width, access, fields)."""
    tree = tomllib.loads((TOP / "hw/regs/vqnic.toml").read_text())
    banks = {bank["name"]: {r["name"]: (r["width"], r["access"], {f["name"] for f in r.get("fields", [])})
                            for r in bank["registers"]} for bank in tree["bank"]}
    names = set(tree["constants"]) | {f"FAULT_{name}" for name in tree["enums"]["fault"]}
    return banks, names


def guide_accesses(banks, text):
    """Accesses of the examples that the map does not allow."""
    for verb, width, bank, name in ACCESS.findall(text):
        if name not in banks[bank]:
            yield f"{verb}{width}({bank}, {name}): no such register"
            continue
        wide, access, _ = banks[bank][name]
        if int(width) != wide:
            yield f"{verb}{width}({bank}, {name}): it has {wide} bits"
        if verb == "write" and access == "ro":
            yield f"{verb}{width}({bank}, {name}): it is read-only"


def guide_names(banks, others, text):
    """Names in the text that are neither the map's nor the standard's."""
    fields = {name: r[2] for bank in banks.values() for name, r in bank.items()}
    for name, field in WORD.findall(text):
        if name not in fields and name not in others | STANDARD:
            yield f"{name}: not in hw/regs/vqnic.toml"
        elif field and field not in fields.get(name, ()):
            yield f"{name}.{field}: no such field"


def fault_rows(text):
    """Fault codes of the register map that have no row in the text, and rows that are of none."""
    faults = tomllib.loads((TOP / "hw/regs/vqnic.toml").read_text())["enums"]["fault"]
    known = {(str(fault["value"]), name) for name, fault in faults.items() if name != "NONE"}
    rows = set(re.findall(r"^\| (\d+) \| ([A-Z_]+) \| [^|]+ \| [^|]+ \| [^|]+ \|$", text, re.MULTILINE))
    return [f"fault {code} {name}: {'no row' if (code, name) in known else 'not in the register map'}"
            for code, name in sorted(known ^ rows)]


links_expect("good links", "[b](b.md) [b](b.md#one-two-three) [c](sub/c.md) [d](sub/) [e](#f) [g](https://x.y/z)\n# F\n",
             [])
links_expect("a file that is not there", "[x](none.md)\n", ["none.md: there is no such file"])
links_expect("a heading that is not there", "[b](b.md#four) [e](#f)\n",
             ["b.md#four: there is no such heading", "#f: there is no such heading"])
links_expect("a link that leaves the project", "[x](../../etc/passwd)\n", ["../../etc/passwd: leads out of the project"])
links_expect("code has no links", "`[x](none.md)`\n```\n[x](none.md)\n```\n", [])

banks, others = registers()
guide = GUIDE.read_text()
tap.result("the guide's examples access registers as the map says", list(guide_accesses(banks, guide)))
tap.result("the guide names what is there", list(guide_names(banks, others, guide)))
tap.result("wrong accesses would be found", [] if len(list(guide_accesses(
    banks, "read32(card, NONE) read16(card, MAGIC) write32(card, MAGIC, 1)"))) == 3 else ["not all of them are"])
tap.result("wrong names would be found", [] if len(list(guide_names(
    banks, others, "`NO_SUCH` `CARD_STATUS.NONE` `CARD_STATUS.LINK`"))) == 2 else ["not all of them are"])
troubles = (TOP / "docs/troubleshooting.md").read_text()
tap.result("each fault has its meaning, cause and cure", fault_rows(troubles))
tap.result("a row too many or too few would be found",
           [] if len(fault_rows(troubles.replace("| 5 | CHAIN_LOOP |", "| 5 | CHAIN_LOOPS |"))) == 2 else ["it is not"])
tap.end()
