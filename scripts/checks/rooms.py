#!/usr/bin/env python3
"""Holds the rooms of the house: docs/architecture.md, Package.swift and the imports of every file must say the same.

- The table of docs/architecture.md lists exactly the targets of Package.swift under Sources, each with exactly what it depends on. Its picture
  shows all of them but programs, and no other arrows.
- A file imports only what its target depends on (SwiftPM would find other modules that happen to be built), and each edge is used by some file.
  This holds for tests too.
- Every import says `internal`, `package` or `public`, and nothing is re-exported.
- Every Swift file that a document names exists.
- No arrow in a direction that the architecture forbids, not even through others.

Exit status: 0 all hold, 1 with a line for each that does not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/architecture.md"
#: Modules of the toolchain and the system, free to every room.
SYSTEM = {"Swift", "Testing", "Glibc", "Synchronization", "FoundationEssentials", "Foundation", "_Concurrency", "Dispatch"}
#: Modules that come with a product of another name.
PRODUCTS = {"GRDBSQLite": "GRDB", "CYaml": "Yams"}
#: Targets that are programs: tests depend on them in order to start them.
PROGRAMS: set[str] = set()
#: Rooms that touch sockets, files, threads or databases.
IO = {"EventLoop", "TLS", "HTTPServer", "Upstream", "Ledger", "SharedLedger", "MCP", "CCurl", "CLinux", "COpenSSL", "CPostgres", "CNGHTTP2"}
#: Room → what it may never reach, directly or through others.
NEVER = {
    "Core": IO, "Chat": IO, "Dialects": IO, "Providers": IO, "Classifier": IO, "Policies": IO,
    "Limits": IO - {"COpenSSL"},
}  # fmt: skip
#: Room → what it may not import itself.
NOT_DIRECTLY = {"Gateway": {"Providers"}, "HTTPServer": {"Chat"}, "Upstream": {"Chat"}, "Dialects": {"Providers"}, "Providers": {"Dialects"}}

IMPORT = re.compile(r"^\s*(?P<attributes>(?:@\w+(?:\([^)]*\))?\s+)*)(?P<access>public |internal |package |private |fileprivate )?import (?:struct |class |enum |protocol |func |let |var |typealias )?(?P<module>\w+)")


def package() -> dict[str, tuple[Path, set[str]]]:
    """The targets of the package: where they are and what they depend on."""
    dump = json.loads(subprocess.run(["swift", "package", "dump-package"], cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    found = {}
    for target in dump["targets"]:
        path = target.get("path") or f"{'Tests' if target['type'] == 'test' else 'Sources'}/{target['name']}"
        found[target["name"]] = (ROOT / path, {next(iter(one.values()))[0] for one in target["dependencies"]})
        if target["type"] == "executable":
            PROGRAMS.add(target["name"])
    return found


def documented() -> dict[str, set[str]]:
    """The table of rooms: name → what it may import."""
    rooms = {}
    section = DOCUMENT.read_text().partition("\n## Rooms\n")[2].partition("\n## ")[0]
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) == 3 and re.fullmatch(r"`[\w-]+`", cells[0]):
            rooms[cells[0].strip("`")] = set(re.findall(r"`([\w-]+)`", cells[2]))
    return rooms


def drawn() -> list[tuple[str, str]]:
    """The arrows of the picture."""
    return re.findall(r"^ +([\w-]+) --> ([\w-]+)$", DOCUMENT.read_text(), re.M)


def imports(file: Path) -> Iterator[tuple[int, str | None, str, str]]:
    """Line, access, attributes and module of each import. They stand before everything else."""
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if found := IMPORT.match(line):
            yield number, (found["access"] or "").strip() or None, found["attributes"], found["module"]
        elif line.strip() and not line.startswith(("//", "#if", "#else", "#endif")):
            return


def reachable(room: str, arrows: dict[str, set[str]]) -> set[str]:
    """Everything that a room reaches, directly or through others."""
    seen: set[str] = set()
    todo = [room]
    while todo:
        for one in arrows.get(todo.pop(), set()) - seen:
            seen.add(one)
            todo.append(one)
    return seen


def dead_names() -> Iterator[str]:
    """Swift files that documents name and that do not exist. A name may leave out the folders before it."""
    files = ["/Package.swift"] + [f"/{file.relative_to(ROOT)}" for folder in ("Sources", "Tests") for file in (ROOT / folder).rglob("*.swift")]
    for document in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        for name in sorted(set(re.findall(r"`([\w/+-]+\.swift)`", document.read_text()))):
            if not any(file.endswith(f"/{name}") for file in files):
                yield f"{document.relative_to(ROOT)}: there is no file {name}"


def complaints() -> Iterator[str]:
    yield from dead_names()
    targets, table = package(), documented()
    rooms = {name: target for name, target in targets.items() if (ROOT / "Sources") in target[0].parents}
    arrows = {name: edges for name, (_, edges) in targets.items()}
    for name in sorted(rooms.keys() | table.keys()):
        if name not in table:
            yield f"docs/architecture.md: the table of rooms lacks `{name}`"
        elif name not in rooms:
            yield f"docs/architecture.md: there is no room `{name}` in Package.swift"
        elif table[name] != arrows[name]:
            missing, further = arrows[name] - table[name], table[name] - arrows[name]
            yield f"docs/architecture.md: `{name}` imports {sorted(arrows[name])}" + (f"; missing: {sorted(missing)}" if missing else "") + (f"; too much: {sorted(further)}" if further else "")
    for start, end in drawn():
        if end not in arrows.get(start, set()):
            yield f"docs/architecture.md: the picture has an arrow from {start} to {end}, which Package.swift has not"
    shown = {room for arrow in drawn() for room in arrow}
    for name in sorted(rooms.keys() - shown - PROGRAMS):
        yield f"docs/architecture.md: the picture lacks {name}"
    for name, (path, edges) in sorted(targets.items()):
        used: set[str] = set()
        for file in sorted(path.rglob("*.swift")):
            for number, access, attributes, module in imports(file):
                place = f"{file.relative_to(ROOT)}:{number}"
                module = PRODUCTS.get(module, module)
                used.add(module)
                if module not in edges | SYSTEM:
                    yield f"{place}: {name} does not depend on {module} (Package.swift)"
                if name in rooms and access not in ("internal", "package", "public"):
                    yield f"{place}: write `internal import {module}` (or public, where it is part of the interface)"
                if "@_exported" in attributes:
                    yield f"{place}: nothing is re-exported; every file imports what it uses"
        is_swift = any(path.rglob("*.swift"))
        for edge in sorted(edges - used - PROGRAMS) if is_swift else ():
            yield f"Package.swift: no file of {name} imports {edge}"
        for edge in sorted(reachable(name, arrows) & NEVER.get(name, set())):
            yield f"Package.swift: {name} reaches {edge}, which it never may"
        for edge in sorted(edges & NOT_DIRECTLY.get(name, set())):
            yield f"Package.swift: {name} depends on {edge}, which it may not"


if __name__ == "__main__":
    told = list(complaints())
    for line in told:
        print(line, file=sys.stderr)
    sys.exit(1 if told else 0)
