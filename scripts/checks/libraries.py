#!/usr/bin/env python3
"""Checks that a program needs exactly the shared libraries that are declared here. Usage: libraries.py PROGRAM"""

from __future__ import annotations

import re
import subprocess
import sys

#: Library → why it is there. Whatever else turns up was linked by accident; whatever is missing is declared for nothing.
DECLARED = {
    "libssl": "TLS to clients",
    "libcrypto": "hashes, certificates, signatures",
    "libcurl": "calls to providers",
    "libsimdjson": "reading JSON",
    "libsqlite3": "the ledger of one gateway",
    "libpq": "the ledger of several",
    "libz": "compressed request bodies",
    "libstdc++": "simdjson",
    "libgcc_s": "unwinding, of simdjson's C++",
    "libm": "the C library",
    "libc": "the C library",
    "ld-linux": "the loader",
}


def main() -> int:
    dynamic = subprocess.run(["readelf", "--dynamic", "--wide", sys.argv[1]], capture_output=True, text=True, check=True).stdout
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    names = {re.sub(r"(-x86-64|-aarch64)?\.so.*", "", library): library for library in needed}
    told = [f"{library} is linked and not declared in scripts/checks/libraries.py" for name, library in names.items() if name not in DECLARED]
    told += [f"{name} is declared ({DECLARED[name]}) and not linked" for name in DECLARED if name not in names]
    for line in told:
        print(f"{sys.argv[1]}: {line}", file=sys.stderr)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
