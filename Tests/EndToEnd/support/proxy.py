"""A TCP proxy that can stop forwarding without closing anything: a network that swallows packets."""

from __future__ import annotations

import asyncio

from .serving import ServerThread


class Proxy(ServerThread):
    """Forwards to a port of this machine, on a thread and event loop of its own."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._open = asyncio.Event()
        self._open.set()
        super().__init__("proxy")

    def cut(self) -> None:
        """From now on nothing comes through, in either direction; who connects is let in and hears nothing."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def mend(self) -> None:
        """Forwards again, and first what was held back."""
        self._loop.call_soon_threadsafe(self._open.set)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        try:
            await asyncio.gather(self._forward(reader, far_writer), self._forward(far_reader, writer))
        except asyncio.CancelledError:
            pass  # the test is over

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
