"""Puts a network that can be cut between an agent and its server; needs no privileges.

The signalling WebSocket goes through a TCP relay, which exchanges the server's one UDP port for the
relay's own in the ICE candidates that pass by: both have five digits, so message lengths stay as
they are. Media then goes through the UDP relay; the server speaks ICE lite and offers no TCP, so
there is no way around it.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from lastword.testing.room.server import free_ports

if TYPE_CHECKING:
    from typing_extensions import Self

    from lastword.testing.room.server import Server


class Network:
    """`async with Network(server) as network`; the agent connects to `network.url`."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._up = asyncio.Event()
        self._up.set()
        self._port, self._udp_port = free_ports(2)
        self.url = f"ws://127.0.0.1:{self._port}"
        self.datagrams = 0
        self._listener: asyncio.Server | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Relay(self), local_addr=("127.0.0.1", self._udp_port)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._listener is not None
        assert self._udp is not None
        self._listener.close()
        self._udp.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def up(self) -> bool:
        """Whether anything passes."""
        return self._up.is_set()

    @property
    def server_address(self) -> tuple[str, int]:
        """Where the server takes media."""
        return "127.0.0.1", self._server.udp_port

    def cut(self) -> None:
        """Let nothing pass in either direction: signalling waits, media is lost."""
        self._up.clear()

    def mend(self) -> None:
        """Let everything pass again."""
        self._up.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = int(self._server.url.rsplit(":", 1)[1])
        await self._up.wait()
        to_server = await asyncio.open_connection("127.0.0.1", port)
        old, new = (f" {p} typ".encode() for p in (self._server.udp_port, self._udp_port))
        for work in (
            self._pump(reader, to_server[1], b"", b""),
            self._pump(to_server[0], writer, old, new),
        ):
            task = asyncio.create_task(work, name="network_pump")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, old: bytes, new: bytes
    ) -> None:
        with suppress(ConnectionError):
            while chunk := await reader.read(65536):
                await self._up.wait()
                writer.write(chunk.replace(old, new) if old else chunk)
                await writer.drain()
        writer.close()


class _Relay(asyncio.DatagramProtocol):
    """Media from the agent's side; one socket towards the server for each of its addresses."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._transport: asyncio.DatagramTransport | None = None
        self._sockets: dict[tuple[str, int], socket.socket] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # no subclass in 3.11

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        if address not in self._sockets:
            towards = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            towards.settimeout(0.0)
            towards.connect(self._network.server_address)
            self._sockets[address] = towards
            asyncio.get_running_loop().add_reader(towards, self._answered, towards, address)
        if self._network.up:
            self._network.datagrams += 1
            with suppress(OSError):
                self._sockets[address].send(data)

    def _answered(self, towards: socket.socket, address: tuple[str, int]) -> None:
        with suppress(OSError):
            data = towards.recv(65536)
            if self._network.up and self._transport is not None:
                self._transport.sendto(data, address)

    def connection_lost(self, _: Exception | None) -> None:
        for towards in self._sockets.values():
            asyncio.get_running_loop().remove_reader(towards)
            towards.close()
