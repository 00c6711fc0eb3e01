#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""howto.py FILE.md KIND...: the commands of a how-to as a script for bash.

Of the fenced blocks those are taken whose first line says "sh KIND", as in "```sh run"; each becomes
a call of howto_step, which gets the block on its standard input. A block "```text shows" right after
a step becomes howto_shows: its lines have to be among what the step printed, in that order; "..."
in a line stands for anything, and a line of "..." alone for lines. Source test/lib/howto.bash first.
"""
import re
import sys


def blocks(text):
    """(line, words behind the fence, lines inside) of each fenced block."""
    words, start, inside = None, 0, []
    for nr, line in enumerate(text.splitlines(), 1):
        fence = re.match(r"```(.*)$", line)
        if words is None and fence:
            words, start, inside = fence.group(1).split(), nr, []
        elif fence:
            yield start, words, inside
            words = None
        elif words is not None:
            inside.append(line)
    if words is not None:
        sys.exit(f"{sys.argv[1]}:{start}: the block does not end")


def main():
    path, kinds = sys.argv[1], sys.argv[2:]
    taken = False
    with open(path, encoding="utf-8") as f:
        text = f.read()
    for nr, words, inside in blocks(text):
        if words[:1] == ["sh"]:
            taken = len(words) > 1 and words[1] in kinds
            function = "howto_step"
        elif words == ["text", "shows"]:
            function = "howto_shows"
        else:
            continue
        if taken:
            print(f"{function} '{path}:{nr}' <<'END-OF-BLOCK'")
            print("\n".join(inside))
            print("END-OF-BLOCK")


main()
