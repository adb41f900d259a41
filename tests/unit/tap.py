# SPDX-License-Identifier: Apache-2.0
"""For test programs: TAP lines, of tests that find problems."""
import sys

failed = 0
count = 0


def result(name, problems):
    """Prints one test: `problems` is a list of texts, empty if all is well."""
    global count, failed
    count += 1
    failed += bool(problems)
    print(f"{'not ' if problems else ''}ok {count} - {name}")
    for problem in problems:
        print(f"# {problem}")


def end():
    """Prints how many tests there were, and ends the program."""
    print(f"1..{count}")
    sys.exit(failed > 0)
