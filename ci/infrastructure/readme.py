#!/usr/bin/env python3
"""readme.py [--write] [FOLDER]: holds the tables of inputs and outputs in infrastructure/README.md
against variables.tf and outputs.tf, or writes them."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def blocks(file, kind):
    """The blocks of a kind, as terraform fmt leaves them: name and body."""
    return re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}$', file.read_text(), re.MULTILINE | re.DOTALL)


def attribute(body, name):
    found = re.search(rf"^  {name} += (.+)$", body, re.MULTILINE)
    return found and found.group(1)


def unquoted(text):
    return text.strip('"').replace('\\"', '"').replace("|", "\\|")


def inputs(folder):
    yield "| Name | Description | Type | Default |"
    yield "|---|---|---|---|"
    for name, body in sorted(blocks(folder / "variables.tf", "variable")):
        default = attribute(body, "default")
        default = "none: has to be said" if default is None else f"`{default}`"
        yield f"| `{name}` | {unquoted(attribute(body, 'description'))} | `{attribute(body, 'type')}` | {default} |"


def outputs(folder):
    yield "| Name | Description |"
    yield "|---|---|"
    for name, body in sorted(blocks(folder / "outputs.tf", "output")):
        yield f"| `{name}` | {unquoted(attribute(body, 'description'))} |"


def filled(text, folder):
    for marker, table in (("inputs", inputs), ("outputs", outputs)):
        begin, end = f"<!-- {marker}: begin -->", f"<!-- {marker}: end -->"
        assert text.count(begin) == text.count(end) == 1, f"{begin} and {end} have to be there once"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        text = before + begin + "\n" + "\n".join(table(folder)) + "\n" + end + after
    return text


arguments = [a for a in sys.argv[1:] if a != "--write"]
folder = Path(arguments[0]) if arguments else ROOT / "infrastructure"
readme = folder / "README.md"
wanted = filled(readme.read_text(), folder)
if "--write" in sys.argv:
    readme.write_text(wanted)
elif wanted != readme.read_text():
    sys.exit("infrastructure/README.md does not tell what variables.tf and outputs.tf say; run ci/infrastructure/readme.py --write")
