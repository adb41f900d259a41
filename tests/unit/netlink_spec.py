#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/netlink/vqnic.yaml says the same as <linux/vqnic.h>: names, numbers, types, who may. TAP.

    netlink_spec.py
    netlink_spec.py driver      the same as the driver: its kernel's answers to `genl ctrl get name vqnic` and
                                `genl ctrl policy name vqnic`, on stdin
"""
import pathlib
import re
import sys

import tap
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
HEADER = (TOP / "kernel/include/uapi/linux/vqnic.h").read_text()
SPEC = yaml.safe_load((TOP / "docs/netlink/vqnic.yaml").read_text())
# How the header's comments call a type, in the order in which they are tried.
TYPES = (("nest of", "nest"), ("6 bytes", "binary"), ("bytes", "binary"), ("VQNIC_VLANS_BYTES", "binary"),
         ("string", "string"), ("u8", "u8"), ("u16", "u16"), ("u32", "u32"), ("u64", "u64"), ("flag", "flag"))


def differences(what, wanted, got):
    """The first place where two lists differ."""
    for i in range(max(len(wanted), len(got))):
        left, right = (part[i] if i < len(part) else "nothing" for part in (wanted, got))
        if left != right:
            return [f"{what} {i}: the header has {left}, the specification {right}"]
    return []


def c_name(prefix, name):
    return (prefix + name).upper().replace("-", "_")


def enumerators(name):
    """(enumerator, the comment before it, the comment behind it) of an enum, from its second one on."""
    body = re.search(rf"^enum {name} \{{\n(.*?)^\}};", HEADER, re.MULTILINE | re.DOTALL).group(1)
    found = re.findall(r"((?:^\t/\*(?:[^*]|\*(?!/))*\*/\n)?)^\t(VQNIC_\w+),(?:[ \t]*/\* (.*?) \*/)?$", body, re.MULTILINE)
    return [(enumerator, before, behind) for before, enumerator, behind in found][1:]


def constants():
    """#define NAME VALUE."""
    return dict(re.findall(r'^#define (VQNIC_\w+)\s+"?([^"\s]+)"?', HEADER, re.MULTILINE))


def type_in(comment):
    for word, name in TYPES:
        if re.match(rf"{word}\b", comment):
            return name
    return f"no type in \"{comment}\""


def check_attributes(attribute_set):
    header, spec = [], []
    for name, _, comment in enumerators(attribute_set["enum-name"].replace("-", "_")):
        header.append((name, "pad" if name.endswith("_PAD") else type_in(comment)))
    for attribute in attribute_set["attributes"]:
        spec.append((c_name(attribute_set["name-prefix"], attribute["name"]), attribute["type"]))
    return differences("attribute", header, spec)


def check_subsets():
    """A nest's attributes are all those of its prefix."""
    sets = {one["name"]: one for one in SPEC["attribute-sets"]}
    problems = []
    for one in sets.values():
        if "subset-of" in one:
            whole = [a["name"] for a in sets[one["subset-of"]]["attributes"] if a["name"].startswith(one["name"] + "-")]
            problems += differences(f"nest {one['name']}: attribute", whole, [a["name"] for a in one["attributes"]])
        for attribute in one["attributes"]:
            nested = attribute.get("nested-attributes")
            if attribute.get("type") == "nest" and nested not in sets:
                problems.append(f"{attribute['name']}: there is no attribute set {nested}")
    return problems


def check_commands():
    operations = SPEC["operations"]
    sets = {one["name"]: {a["name"] for a in one["attributes"]} for one in SPEC["attribute-sets"]}
    header = [(name, "needs CAP_NET_ADMIN" in before, "No request" in before)
              for name, before, _ in enumerators(operations["enum-name"].replace("-", "_"))]
    spec, problems = [], []
    for one in operations["list"]:
        spec.append((c_name(operations["name-prefix"], one["name"]), "admin-perm" in one.get("flags", ()), "event" in one))
        parts = [one[part] for part in ("do", "dump") if part in one]
        messages = [part[side] for part in parts for side in ("request", "reply") if side in part]
        for message in messages + ([one["event"]] if "event" in one else []):
            unknown = set(message["attributes"]) - sets[one["attribute-set"]]
            problems += [f"{one['name']}: there is no attribute {name}" for name in sorted(unknown)]
    return problems + differences("command (name, privilege, event)", header, spec)


def check_definitions():
    known, problems = constants(), []
    for one in SPEC["definitions"]:
        if one["type"] == "const":
            value = known.get(c_name("vqnic-", one["name"]), "nothing")
            if value == "nothing" or int(value, 0) != one["value"]:
                problems.append(f"{one['name']}: the header has {value}, the specification {one['value']}")
            continue
        names = [c_name(f"vqnic-{one['name']}-", entry["name"]) for entry in one["entries"]]
        if one["type"] == "enum":
            problems += differences(one["name"], [name for name, _, _ in enumerators(f"vqnic_{one['name']}".replace("-", "_"))],
                                    names)
        else:
            bits = [(name, int(value, 0)) for name, value in known.items()
                    if name.startswith(c_name(f"vqnic-{one['name']}-", ""))]
            problems += differences(one["name"], bits, [(name, 1 << bit) for bit, name in enumerate(names)])
    return problems


def check_family():
    known = constants()
    wanted = [known["VQNIC_GENL_NAME"], known["VQNIC_GENL_EVENTS"], "VQNIC_GENL_NAME", "VQNIC_GENL_VERSION"]
    got = [SPEC["name"], SPEC["mcast-groups"]["list"][0]["name"], c_name("", SPEC["c-family-name"]),
           c_name("", SPEC["c-version-name"])]
    return differences("name", wanted, got)


# How genl calls a type.
KERNEL_TYPES = {"NUL_STRING": "string", "U8": "u8", "U16": "u16", "U32": "u32", "U64": "u64", "FLAG": "flag",
                "NESTED": "nest", "BINARY": "binary"}


def numbered(attribute_set):
    """{number: (name, type)}."""
    return {number: (one["name"], one["type"]) for number, one in enumerate(attribute_set["attributes"], 1)}


def policies_of(text):
    """What the kernel takes: {policy: {attribute: type}}, {(command, "do" or "dump"): policy}."""
    policies, used = {}, {}
    for policy, attribute, kind in re.findall(r"policy\[(\d+)\]:attr\[(\d+)\]: type=(\w+)", text):
        policies.setdefault(int(policy), {})[int(attribute)] = KERNEL_TYPES.get(kind, kind)
    for command, rest in re.findall(r"op (\d+) policies:(.*)", text):
        for part, policy in re.findall(r"(do|dump)=(\d+)", rest):
            used[int(command), part] = int(policy)
    return policies, used


def check_driver(text):
    """Each command takes the attributes that the specification says, nests included, and no others."""
    sets = {one["name"]: one for one in SPEC["attribute-sets"]}
    policies, used = policies_of(text)
    wanted = {}
    problems = []
    for number, operation in enumerate(SPEC["operations"]["list"], 1):
        whole = numbered(sets[operation["attribute-set"]])
        for part in ("do", "dump"):
            if part in operation:
                names = operation[part]["request"]["attributes"]
                wanted[number, part] = {n: kind for n, (name, kind) in whole.items() if name in names}
    for key in sorted(wanted.keys() | used.keys()):
        takes = policies.get(used.get(key))
        if takes != wanted.get(key):
            problems.append(f"command {key[0]}, {key[1]}: the driver takes {takes}, the specification has {wanted.get(key)}")
    # What no command has by itself is the nest of one: of a policy, whose attributes have numbers of their own, or of
    # attributes that have a prefix.
    nests = [sets["filter"], sets["vqnic"]]
    known = [{n: kind for n, (_, kind) in numbered(one).items()}.items() for one in nests]
    for policy in sorted(policies.keys() - set(used.values())):
        if not any(policies[policy].items() <= one for one in known):
            problems.append(f"nest: the driver takes {policies[policy]}, no nest of the specification has these")
    return problems


def check_capabilities(text):
    """Commands, who may, and groups."""
    found = {int(number, 16): words for number, words in
             re.findall(r"#\d+:\s+ID-(0x[0-9a-f]+)\s+Capabilities \(0x[0-9a-f]+\):\s*(.*?)\n\s*\n", text, re.DOTALL)}
    problems = []
    for number, operation in enumerate(SPEC["operations"]["list"], 1):
        words = found.pop(number, "")
        for part, word in (("do", "can doit"), ("dump", "can dumpit")):
            if (part in operation) != (word in words):
                problems.append(f"{operation['name']}: the driver says \"{words}\"")
        if ("admin-perm" in operation.get("flags", ())) != ("requires admin permission" in words):
            problems.append(f"{operation['name']}: privilege: the driver says \"{words}\"")
    problems += [f"the driver has a command {number}, the specification not" for number in found]
    groups = re.findall(r"name: (\w+)", text.partition("multicast groups")[2])
    return problems + differences("group", groups, [one["name"] for one in SPEC["mcast-groups"]["list"]])


if sys.argv[1:] == ["driver"]:
    answers = sys.stdin.read()
    tap.result("requests", check_driver(answers))
    tap.result("capabilities", check_capabilities(answers))
else:
    tap.result("family and group", check_family())
    for attributes in SPEC["attribute-sets"]:
        if "enum-name" in attributes:
            tap.result(f"attributes: {attributes['name']}", check_attributes(attributes))
    tap.result("nests", check_subsets())
    tap.result("commands", check_commands())
    tap.result("definitions", check_definitions())
tap.end()
