"""Compares what two builds of the gateway answer, byte by byte: heads, bodies, records, and what reaches the providers."""
