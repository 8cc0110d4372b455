"""compare-answers OLD NEW [--only SITE]... [--save DIR]: exit 0 when two builds answer the same, 1 with a diff when they do not."""

from __future__ import annotations

import argparse
import difflib
import json
import sys
import tempfile
import time
from pathlib import Path

from support import gateway

from .sites import SITES, Providers


def captured(binary: Path, only: list[str], providers: Providers) -> dict[str, list[str]]:
    """Everything that `binary` answers, by the name of the request."""
    gateway.BINARY = binary
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory(prefix="answers-") as home:
        for name, site in SITES.items():
            if only and name not in only:
                continue
            began = time.monotonic()
            for case, lines in site(Path(home) / name, providers).items():
                found[f"{name} · {case}"] = lines
            print(f"{binary.name}: {name} took {time.monotonic() - began:.0f} s", file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="compare-answers", description="Compares what two builds answer to the same requests.")
    parser.add_argument("old", type=lambda text: Path(text).resolve(strict=True))
    parser.add_argument("new", type=lambda text: Path(text).resolve(strict=True))
    parser.add_argument("--only", action="append", default=[], choices=SITES, help="leave out the other sites")
    parser.add_argument("--save", type=Path, help="write both captures there")
    options = parser.parse_args()
    providers = Providers()
    try:
        old, new = (captured(binary, options.only, providers) for binary in (options.old, options.new))
    finally:
        providers.stop()
    if options.save:
        options.save.mkdir(parents=True, exist_ok=True)
        for side, found in (("old", old), ("new", new)):
            (options.save / f"{side}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False))
    different = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    for name in different:
        print(*difflib.unified_diff(old.get(name, []), new.get(name, []), f"old · {name}", f"new · {name}", lineterm="", n=2), sep="\n")
    print(f"{len(old)} captures, {len(different)} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
