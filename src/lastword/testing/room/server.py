"""Starts and ends a real livekit-server on loopback, which it builds once where there is Go.

The server is a Go module. It is built from the module proxy, with the versions that `go.mod` and
`go.sum` beside this file hold, into a cache: `$LASTWORD_CACHE`, else `$XDG_CACHE_HOME/lastword`,
else `~/.cache/lastword`. Without Go a `livekit-server` on PATH is used. Knows nothing of sessions.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import fcntl
import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from livekit import api

if TYPE_CHECKING:
    from typing_extensions import Self

MODULE = Path(__file__).parent
PACKAGE = "github.com/livekit/livekit-server/cmd/server"
BUILD_TIMEOUT_S = 900.0  # 105 s on two idle cores, modules at hand
START_TIMEOUT_S = 20.0
_FIVE_DIGITS = 10_000
START_ATTEMPTS = 3  # a port that was free a moment ago may be taken by the time the server binds it
EXECUTABLE = "livekit-server"
NO_SERVER = (
    "there is no LiveKit server here, and no Go to build one: expected Go 1.25 or later on PATH "
    "(https://go.dev/dl/), or livekit-server"
)

Routes = Literal["one", "several"]
"""How many ways a server offers to its clients."""


class ServerError(RuntimeError):
    """No server can be had here; the message says why and what to do."""


class NoServerError(ServerError):
    """There is no server, and nothing to build one with."""


def cache_dir() -> Path:
    """Return the folder in which built servers are kept."""
    if chosen := os.environ.get("LASTWORD_CACHE"):
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "lastword"


def server_binary() -> Path:
    """Return the livekit-server executable; build it now if the cache does not have it.

    Raises:
        NoServerError: The cache has none, nor has PATH, and there is no Go to build one with.
        ServerError: The build failed or took longer than `BUILD_TIMEOUT_S`.
    """
    binary = _binary_in_cache()
    if binary.exists():
        return binary
    go = shutil.which("go")
    if go is None:
        installed = shutil.which(EXECUTABLE)
        if installed is None:
            raise NoServerError(NO_SERVER)
        return Path(installed)
    binary.parent.mkdir(parents=True, exist_ok=True)
    with (binary.parent / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once build once
        if not binary.exists():
            _build(go, binary)
    return binary


def must_be_built() -> bool:
    """Return whether a server would have to be built first, which takes minutes."""
    return not _binary_in_cache().exists() and shutil.which("go") is not None


def _binary_in_cache() -> Path:
    sums = (MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()
    return cache_dir() / f"livekit-server-{hashlib.sha256(sums).hexdigest()[:16]}"


def _build(go: str, binary: Path) -> None:
    partial = binary.with_suffix(".partial")
    command = [go, "build", "-mod=readonly", "-trimpath", "-o", str(partial), PACKAGE]
    try:
        subprocess.run(  # noqa: S603 - Go, with arguments of our own
            command, cwd=MODULE, check=True, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        raise ServerError(f"livekit-server did not build: {error.stderr[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise ServerError(f"livekit-server did not build within {BUILD_TIMEOUT_S:.0f} s") from error
    partial.replace(binary)


def free_ports(count: int) -> list[int]:
    """Return port numbers that are free now for TCP and UDP on 127.0.0.1, five digits each.

    All have the same length, so that a proxy can exchange them in length-prefixed messages.
    """
    ports: list[int] = []
    with ExitStack() as held:
        while len(ports) < count:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            with suppress(OSError):
                udp.bind(("127.0.0.1", port))
                if port >= _FIVE_DIGITS:
                    ports.append(port)
    return ports


@dataclass
class Access:
    """What is needed to use a server, here or in another program.

    Attributes:
        url: `ws://127.0.0.1:port`, also good as the URL of the HTTP API.
        api_key: The key by which tokens are signed ...
        api_secret: ... and its secret.
    """

    url: str
    api_key: str
    api_secret: str

    def token(self, identity: str, room: str, *, kind: str = "standard") -> str:
        """Return a token for one participant; `kind` is livekit-api's ("agent", "sip", ...)."""
        token = api.AccessToken(self.api_key, self.api_secret)
        token.with_identity(identity).with_kind(kind)  # type: ignore[arg-type] # a Literal there
        token.with_ttl(dt.timedelta(hours=1))
        grants = api.VideoGrants(
            room_join=True, room=room, agent=kind == "agent", can_update_own_metadata=True
        )
        return token.with_grants(grants).to_jwt()

    def api(self) -> api.LiveKitAPI:
        """Return a client of the server's HTTP API, to be used as an async context manager."""
        return api.LiveKitAPI(self.url, self.api_key, self.api_secret)

    def environment(self) -> dict[str, str]:
        """Return the variables by which livekit-agents and livekit-api find this server."""
        return {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
        }


class Server(Access):
    """A livekit-server of one's own: `with Server() as server`, or `async with`.

    Args:
        routes: "one" gives clients a single way to it, UDP on loopback. "several" gives them what
            servers in production give: TCP and UDP, on every address of this machine.

    Attributes:
        udp_port: Where media arrives; where there is one route, all of it.
        log_path: What the server wrote; deleted with the server.
    """

    def __init__(self, *, routes: Routes = "one") -> None:
        super().__init__(url="", api_key="devkey", api_secret=secrets.token_hex(24))
        self.udp_port = 0
        self._routes = routes
        self._folder = Path(tempfile.mkdtemp(prefix="lastword-room-"))
        self.log_path = self._folder / "livekit-server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            binary = server_binary()
            for _ in range(START_ATTEMPTS):
                if self._start(binary):
                    return self
            log = self.log_path.read_text(errors="replace")[-2000:]
        except BaseException:
            self.stop()
            raise
        self.stop()
        raise ServerError(f"livekit-server did not answer within {START_TIMEOUT_S:.0f} s: {log}")

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)

    def stop(self) -> None:
        """End the server and delete its folder; a second call does nothing."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self, binary: Path) -> bool:
        """Start the process on fresh ports; return whether it answers."""
        port, self.udp_port, tcp_port = free_ports(3)
        config = self._folder / "livekit.yaml"
        config.write_text(self._config(port, tcp_port))
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the server, with a file of our own
                [binary, "--config", config], stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        self.url = f"ws://127.0.0.1:{port}"
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                return True
            time.sleep(0.05)  # nothing tells when it listens; `__aenter__` runs this in a thread
        self.kill()
        return False

    def _config(self, port: int, tcp_port: int) -> str:
        """Return YAML that keeps signalling on loopback and media on this machine."""
        one = self._routes == "one"
        return f"""\
port: {port}
bind_addresses: ["127.0.0.1"]
logging: {{level: info, json: false}}
rtc:
  udp_port: {self.udp_port}
  use_external_ip: false
{_ONE_ROUTE if one else _SEVERAL_ROUTES.format(tcp_port=tcp_port)}
keys: {{{self.api_key}: {self.api_secret}}}
"""


_ONE_ROUTE = """\
  tcp_port: 0
  use_ice_lite: true
  node_ip: 127.0.0.1
  enable_loopback_candidate: true
  interfaces: {includes: [lo]}"""
"""Works on loopback alone. ICE lite, so that the server sends no connectivity checks of its own:
a proxy before its one UDP port sees all media, which finds no way around it."""

_SEVERAL_ROUTES = """\
  tcp_port: {tcp_port}
  stun_servers: ["127.0.0.1:{tcp_port}"]"""
"""Every address and both protocols are offered. The STUN server answers nobody; without a name here
the server and its clients ask public ones."""
