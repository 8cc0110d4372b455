"""An MCP server on the official SDK, with what a test needs: tools that answer, fail, sleep, say too much, or end the process."""

from __future__ import annotations

import json
import os
import sys
import time

from mcp.server.mcpserver import MCPServer


def serve(transport: str, port: int) -> None:
    """Everything that a server may have, and what goes wrong in the field."""
    server = MCPServer("odd", instructions="Use it with care.")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    @server.tool()
    def shout(text: str) -> str:
        """Says it louder."""
        return text.upper()

    @server.tool()
    def fail(why: str) -> str:
        """Fails."""
        raise ValueError(why)

    @server.tool()
    def sleep(seconds: float) -> str:
        """Takes its time."""
        time.sleep(seconds)
        return "slept"

    @server.tool()
    def large(size: int) -> str:
        """Says much."""
        return "x" * size

    @server.tool()
    def environment() -> str:
        """Tells what it was given."""
        return json.dumps(dict(os.environ))

    @server.tool()
    def die() -> str:
        """Ends the process."""
        os._exit(7)

    @server.prompt()
    def greeting(name: str) -> str:
        """Greets."""
        return f"Say hello to {name}."

    @server.resource("memo://first")
    def memo() -> str:
        """A memo."""
        return "remember me"

    @server.resource("memo://{number}/more")
    def memos(number: str) -> str:
        """More memos."""
        return f"memo {number}"

    if transport == "stdio":
        server.run("stdio")
    else:
        server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
