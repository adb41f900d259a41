#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual pages of vqnicctl and vqnicd, and docs/commands.md, say what the programs have. TAP."""
import pathlib
import re
import subprocess
import tempfile

import tap

TOP = pathlib.Path(__file__).resolve().parents[2]
PAGES = TOP / "docs/man"
BUILD = TOP / "build/ctl"
SECTIONS = ["NAME", "SYNOPSIS", "DESCRIPTION", "EXAMPLES", "EXIT STATUS", "SEE ALSO"]


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def reference(*options):
    return output(BUILD / "reference/commands", *options)


def sections(page):
    """The sections of a page in scdoc's form, by their headings, in order."""
    parts = re.split(r"^# (.+)\n", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2])))


def commands_of(synopsis):
    """The commands of a synopsis without the program and its options: "*card show* [_CARD_]"."""
    return [line.removesuffix("++").removeprefix("*vqnicctl* [_OPTION_]... ") for line in synopsis.splitlines()]


def wrong_page(name, page, synopsis, known):
    """What is wrong with the page of an object whose commands are in `synopsis`; `known` are all commands, by name."""
    found = sections(page)
    if list(found) != SECTIONS:
        return [f"{name}: its sections are {', '.join(found)}"]
    errors = []
    if not page.startswith(f"vqnicctl-{name}(8)\n") or not found["NAME"].startswith(f"vqnicctl-{name} - "):
        errors.append(f"{name}: it is not called vqnicctl-{name}")
    if found["SYNOPSIS"] != synopsis:
        errors.append(f"{name}: the synopsis differs from the table's: {synopsis}")
    items = [line for line in found["DESCRIPTION"].splitlines() if re.match(rf"\*{name}\b", line)]
    if items != commands_of(synopsis):
        errors.append(f"{name}: it describes {items}")
    errors += [f"{name}: an example has no command: {line}" for line in wrong_examples(found["EXAMPLES"], known)]
    if "vqnicctl " not in found["EXAMPLES"]:
        errors.append(f"{name}: it has no example")
    for status in (["0"] if name != "monitor" else []) + ["1", "2"] + (["65"] if name == "config" else []):
        if f"*{status}*\n" not in found["EXIT STATUS"]:
            errors.append(f"{name}: what does the exit status {status} mean?")
    return errors


def wrong_examples(text, known):
    """Lines with a command of vqnicctl that is not in its table; those of a batch among them."""
    for line in text.splitlines():
        for words in re.findall(r"\bvqnicctl ((?:-\S+ )*\S+(?: \S+)?)", line) if line.startswith(("\t", " ")) else ():
            options, words = re.match(r"((?:-\S+ )*)(.*)", words).groups()
            if "-b" not in options and not any(re.fullmatch(rf"{command}( .*)?", words) for command in known):
                yield line.strip()


def long_options(text):
    return set(re.findall(r"--([a-z][a-z-]+)", text))


def items_of(text):
    """What a section is about: the bold words at the beginning of its items, also of indented ones."""
    return set(re.findall(r"^\t?\*([a-z][a-z.-]*)\*$", text, re.MULTILINE))


def differ(what, page, program):
    return [f"{what} {name}: {'the page does not know it' if name in program else 'there is none'}"
            for name in sorted(page ^ program)]


def wrong_daemon_page(page):
    """What vqnicd(8) has and the program does not, or the other way round."""
    found = sections(page)
    methods = set(re.findall(r'^\t\{ "([a-z.]+)", (?:true|false)', (TOP / "ctl/vqnicd/methods.c").read_text(), re.MULTILINE))
    errors = differ("method", items_of(found["SOCKET"]), methods)
    errors += differ("option", long_options(found["OPTIONS"]), long_options(output(BUILD / "vqnicd", "--help")))
    # Those of counters are put together: they end with what is in the page as "...".
    metrics = set(re.findall(r'"(vqnicd?_[a-z_]+)"', (TOP / "ctl/vqnicd/metrics.c").read_text()))
    errors += differ("metric", set(re.findall(r"\*(vqnicd?_[a-z_]+)\*", found["METRICS"])), metrics)
    return errors


def schema_keys():
    """The keys of the schema in ctl/vqnicd/config.c."""
    source = (TOP / "ctl/vqnicd/config.c").read_text()
    return set(re.findall(r'^\t(?:SCALAR|CYAML_FIELD_\w+)\("([a-z-]+)"', source, re.MULTILINE))


def wrong_config_page(page):
    """The keys of the configuration, and whether the examples are right."""
    found = sections(page)
    errors = differ("key", set().union(*(items_of(found[name]) for name in ("THE FILE", "A DEVICE", "A POLICY"))), schema_keys())
    examples = re.findall(r"^```\n(.*?)^```$", found["EXAMPLES"], re.MULTILINE | re.DOTALL)
    used = set()
    for example in examples:
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(example)
            file.flush()
            run = subprocess.run([BUILD / "vqnicd", "--check", file.name], capture_output=True, text=True)
        if run.returncode:
            errors.append(run.stderr.strip())
        used |= set(re.findall(r"\b([a-z-]+):(?= |$)", example, re.MULTILINE))
    return errors + [f"no example has the key {key}" for key in sorted(schema_keys() - used)]


def found_in(name, wrong, *changes):
    """Each change (old, new) of a right text must be found by `wrong`."""
    missed = []
    for text, old, new in changes:
        if old not in text:
            missed.append(f"the text has no {old!r}")
        elif not wrong(text.replace(old, new, 1)):
            missed.append(f"{old!r} became {new!r}, and nobody noticed")
    tap.result(name, missed)


objects = reference("--objects").split()
synopses = {name: reference("--synopsis", name).strip() for name in objects}
pages = {path.name.split("-", 1)[1].removesuffix(".8.scd"): path.read_text() for path in PAGES.glob("vqnicctl-*.8.scd")}
known = [re.match(r"\*([a-z ]+)\*", command)[1] for name in objects for command in commands_of(synopses[name])]
tap.result("docs/commands.md is current",
           [] if (TOP / "docs/commands.md").read_text() == reference()
           else ["run: sim/lab/lab run make VQNIC_IN_LAB=1 reference"])
tap.result("each object has a page, and each page an object", differ("object", set(pages), set(objects)))
for name in objects:
    if name in pages:
        tap.result(f"the page of {name}", wrong_page(name, pages[name], synopses[name], known))
found_in("a page that differs from the table would be found", lambda page: wrong_page("card", page, synopses["card"], known),
         (pages["card"], "*card show* [_CARD_]", "*card show* [_DEV_]"),
         (pages["card"], "\n*card show* [_CARD_]", "\n*card list* [_CARD_]"),
         (pages["card"], "# EXIT STATUS", "# STATUS"),
         (pages["card"], "\tvqnicctl card show", "\tvqnicctl card list"),
         (pages["card"], "*2*\n", "*3*\n"))

overview = (PAGES / "vqnicctl.8.scd").read_text()
parts = sections(overview)
vqnicctl_help = output(BUILD / "vqnicctl", "--help")
tap.result("the overview has each object, and the options",
           differ("object", set(re.findall(r"\*([a-z]+)\*(?:, |$)", "\n".join(
               line for line in parts["OBJECTS"].splitlines() if line.startswith("*")), re.MULTILINE)), set(objects)) +
           differ("page", set(re.findall(r"\*vqnicctl-([a-z]+)\*\(8\)", parts["SEE ALSO"])), set(objects)) +
           differ("option", long_options(parts["OPTIONS"]), long_options(vqnicctl_help.split("Options:")[1])) +
           [f"an example has no command: {line}" for line in wrong_examples(parts["EXAMPLES"], known)])
settings = set(re.findall(r"^  ([a-z-]+) ", vqnicctl_help.split("Settings:")[1].split("Options:")[0], re.MULTILINE))
tap.result("the page of policy has each setting",
           differ("setting", {name for line in re.findall(r"^\t(\*.*)\+\+$", pages["policy"], re.MULTILINE)
                              for name in re.findall(r"\*([a-z-]+)\* ", line)}, settings))

daemon = (PAGES / "vqnicd.8.scd").read_text()
config = (PAGES / "vqnicd.yaml.5.scd").read_text()
tap.result("vqnicd(8) has each method and option", wrong_daemon_page(daemon))
tap.result("vqnicd.yaml(5) has each key, and its examples are right", wrong_config_page(config))
found_in("wrong pages of vqnicd would be found", wrong_daemon_page, (daemon, "*track.read*", "*track.reads*"),
         (daemon, "*--store*", "*--stores*"), (daemon, "*vqnicd_in_step*, ", ""))
found_in("wrong pages of its file would be found", wrong_config_page, (config, "*max-vqp*\n", "*max-vqps*\n"),
         (config, "pcp: 3", "pcp: 8"), (config, "port-vlan: 10, pcp: 3", "port-vlan: 10"))
tap.end()
