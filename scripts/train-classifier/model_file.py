"""Writes model files; the layout is described in Sources/Classifier/Model/ModelFile.swift."""

import struct

import numpy as np

FORMAT_VERSION = 1
FEATURE_VERSION = 1
COLUMNS = 16
TASKS = ("code", "math", "creative", "analysis", "simple", "search", "extract", "translate", "summarize")
MASK = (1 << 64) - 1


def checksum(body):
    value = 0xCBF29CE484222325
    whole = len(body) // 8 * 8
    for word in np.frombuffer(body[:whole], dtype="<u8").tolist():
        value = (value ^ word) * 0x9E3779B97F4A7C15 & MASK
        value ^= value >> 29
    for byte in body[whole:]:
        value = (value ^ byte) * 0x100000001B3 & MASK
    return value ^ value >> 32


def quantize(weights):
    """Weights (rows x columns) as int8 with one unit per column."""
    units = np.maximum(np.abs(weights).max(axis=0), 1e-12) / 127
    return np.clip(np.round(weights / units), -127, 127).astype(np.int8), units.astype(np.float32)


def floats(values):
    return np.asarray(values, dtype="<f4").tobytes()


def scales_section(gains, units, biases, system_text_task_share, system_other_share):
    """`gains`: sections x columns."""
    return floats(gains) + floats(units) + floats(biases) + floats([system_text_task_share, system_other_share])


def curve(knots):
    """Knots (score, share), both rising."""
    return struct.pack("<I", len(knots)) + floats([score for score, _ in knots]) + floats([share for _, share in knots])


def complexity_section(medium_from, high_from, experts, formats):
    """`experts`: (column, bias, [(number, lowest, highest, weight)]); `formats`: (condition, expert, points by task, knots), where a condition is
    ("always", 0, 0), ("number", index, at least) or ("expert", index, above)."""
    content = floats([medium_from, high_from]) + struct.pack("<II", len(experts), len(formats))
    for column, bias, terms in experts:
        content += struct.pack("<IfI", column, bias, len(terms))
        for term in terms:
            content += struct.pack("<Ifff", *term)
    for (kind, index, limit), expert, points, knots in formats:
        content += struct.pack("<IIfI", ("always", "number", "expert").index(kind), index, limit, expert) + floats(points) + curve(knots)
    return content


def write(path, table, scales, complexity):
    """`table`: int8, rows x 16; the others: bytes of the sections."""
    body = bytes(8)
    for name, content in ((b"TABL", table.tobytes()), (b"SCAL", scales), (b"COMP", complexity)):
        body += name + struct.pack("<I", len(content)) + bytes(8) + content + bytes(-len(content) % 16)
    header = b"PURSERCM" + struct.pack("<HHIQ", FORMAT_VERSION, FEATURE_VERSION, 24 + len(body), checksum(body))
    path.write_bytes(header + body)
