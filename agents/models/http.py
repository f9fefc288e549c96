"""HTTP as the adapters need it: one pool per origin, keys bound to it, every wait bounded, every size bounded.

Why not the vendors' SDKs: they hide the end of a stream that broke off, wait without limit, follow redirects with the
key, and cost two to ten times the CPU of httpx.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import httpx
import msgspec

from agents.models.address import Address, BoundKey
from agents.models.complaint import read_complaint
from agents.models.faults import Complaint, FaultClass, Origin, fault, retry_after
from engine.clock import Clock, SystemClock
from engine.errors import MalformedReply, ModelFault, Unreachable

MAX_ERROR_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""The longest answer that is not a stream: model lists of large gateways are a few megabytes."""
MAX_REPLY_BYTES = 128 * 1024 * 1024
"""The longest stream, protocol included."""


@dataclass(frozen=True, slots=True)
class ModelTimeouts:
    """Every wait of a model call, in seconds."""

    connect_s: float = 5.0
    first_byte_s: float = 600.0
    """A cold model loads, and queued requests wait, before any byte comes; giving up early aborts the load."""
    silence_s: float = 120.0
    """The watchdog between two pieces of a reply."""
    answer_s: float = 20.0
    """For small questions (lists, profiles) and for the body of an error."""
    drain_s: float = 0.5
    """How long a finished reply may take to end before its connection is given up instead of reused."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """What differs between the vendors on the HTTP level."""

    statuses: dict[int, FaultClass]
    headers: dict[str, str]


class _Oversized(Exception):
    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the answer is longer than {limit_bytes:,} bytes")


class Watchdog:
    """Ends a block when one wait inside it takes too long; only waits count, not what is done between them.

    One timer for the whole block, which looks at a deadline that each wait moves: `asyncio.timeout` around every
    piece would cost a fifth of reading it.
    """

    __slots__ = ("_deadline", "_is_waiting", "_loop", "_patience", "_timer")

    def __init__(self, patience: asyncio.Timeout) -> None:
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._deadline = 0.0
        self._is_waiting = False
        self._timer: asyncio.TimerHandle | None = None

    def start(self, wait_s: float) -> None:
        """A wait begins; `stop` ends it."""
        self._deadline = self._loop.time() + wait_s
        self._is_waiting = True
        if self._timer is None or self._timer.when() > self._deadline:
            self._arm()

    def stop(self) -> None:
        """The wait is over."""
        self._is_waiting = False

    def close(self) -> None:
        """The block is over."""
        if self._timer:
            self._timer.cancel()

    def _arm(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._is_waiting:
            return  # the next wait sets a new timer
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._patience.reschedule(self._loop.time())


class Reply:
    """The bytes of one answer, piece by piece, under the watchdog."""

    __slots__ = ("_raw", "_size_bytes", "_timeouts", "_wait_s", "_watchdog")

    def __init__(self, raw: AsyncIterator[bytes], timeouts: ModelTimeouts, watchdog: Watchdog) -> None:
        self._raw = raw
        self._timeouts = timeouts
        self._watchdog = watchdog
        self._wait_s = timeouts.first_byte_s
        self._size_bytes = 0

    async def next(self) -> bytes:
        """The next piece, empty at the end."""
        self._watchdog.start(self._wait_s)
        piece = await anext(self._raw, b"")
        self._watchdog.stop()
        self._wait_s = self._timeouts.silence_s
        self._size_bytes += len(piece)
        if self._size_bytes > MAX_REPLY_BYTES:
            raise _Oversized(MAX_REPLY_BYTES)
        return piece

    async def drain(self) -> None:
        """Let a finished reply end, so that its connection goes back to the pool instead of being closed."""
        with suppress(TimeoutError, httpx.HTTPError):
            # The reply is whole; what the line does after it is of no interest.
            async with asyncio.timeout(self._timeouts.drain_s):
                while await self.next():
                    pass


class Endpoint:
    """One server: its pool, its key, its limits, and the translation of all that fails into faults."""

    def __init__(
        self,
        address: Address,
        protocol: Protocol,
        *,
        key: dict[str, str] | None = None,
        timeouts: ModelTimeouts | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.address = address
        self.timeouts = timeouts or ModelTimeouts()
        basic = {"authorization": address.basic_auth} if address.basic_auth else {}
        self.key = BoundKey(address.origin, {**basic, **(key or {})})
        self._protocol = protocol
        self._clock = clock or SystemClock()
        self._client: httpx.AsyncClient | None = None

    def __repr__(self) -> str:
        return f"Endpoint({self.address.origin!r})"

    async def aclose(self) -> None:
        """Close the pool; open streams end."""
        client, self._client = self._client, None
        if client:
            await client.aclose()

    @asynccontextmanager
    async def opened(self, model: str, path: str, body: dict[str, Any]) -> AsyncIterator[Reply]:
        """POST a body; inside the block the answer is read, after it the connection is closed or back in the pool.

        Raises: ModelFault, also for what fails inside the block. Leaving the block early closes the connection at once.
        """
        origin = Origin(model, self.address.origin)
        request = self._request("POST", path, body, self.timeouts.first_byte_s)
        with self._translated(origin):
            async with asyncio.timeout(None) as patience, self._answer(origin, request) as response:
                watchdog = Watchdog(patience)
                try:
                    async with aclosing(response.aiter_raw()) as raw:  # type: ignore[type-var]  # it is a generator
                        yield Reply(raw, self.timeouts, watchdog)
                finally:
                    watchdog.close()

    async def ask(self, model: str, method: str, path: str, body: dict[str, Any] | None = None) -> bytes:
        """Ask a small question and read the whole answer.

        Raises: ModelFault.
        """
        origin = Origin(model, self.address.origin)
        request = self._request(method, path, body, self.timeouts.answer_s)
        with self._translated(origin):
            async with asyncio.timeout(self.timeouts.answer_s), self._answer(origin, request) as response:
                return await _capped(response, MAX_ANSWER_BYTES)

    def complain(self, model: str, complaint: Complaint) -> ModelFault:
        """The fault for what the server said, without the key that it may have repeated."""
        clean = replace(complaint, text=self.key.scrub(complaint.text))
        return fault(self._protocol.statuses, Origin(model, self.address.origin), clean)

    def _request(self, method: str, path: str, body: dict[str, Any] | None, read_s: float) -> httpx.Request:
        client = self._pool()
        content = None if body is None else msgspec.json.encode(body)
        connect_s = self.timeouts.connect_s
        return client.build_request(
            method,
            self.address.origin + path,
            content=content,
            headers={"content-type": "application/json"} if body is not None else None,
            timeout=httpx.Timeout(read_s, connect=connect_s, pool=connect_s),
        )

    def _pool(self) -> httpx.AsyncClient:
        """The one long-lived client; a new one per call would cost 20 ms."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"accept-encoding": "identity", **self._protocol.headers},
                follow_redirects=False,
                # A proxy from the environment is for the world outside; prompts for this network stay in it.
                trust_env=not self.address.is_private,
                # Reading the certificates costs 20 ms, and plain HTTP needs none: an empty context trusts nobody.
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if self.address.origin.startswith("http:") else True,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=60.0),
            )
        return self._client

    @asynccontextmanager
    async def _answer(self, origin: Origin, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        response = await self._sent(request)
        try:
            if response.status_code != 200:
                raise await self._refusal(origin, response)
            if response.headers.get("content-encoding", "identity") != "identity":
                raise MalformedReply(
                    origin.model, origin.host, "the reply is compressed although we asked for plain bytes"
                )
            yield response
        finally:
            await response.aclose()

    async def _sent(self, request: httpx.Request) -> httpx.Response:
        """Send; once more when the line breaks before any answer: servers close idle connections as we reuse them."""
        try:
            return await self._pool().send(request, auth=self.key, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return await self._pool().send(request, auth=self.key, stream=True)

    async def _refusal(self, origin: Origin, response: httpx.Response) -> ModelFault:
        if response.is_redirect:
            return self.complain(origin.model, Complaint(response.status_code, _redirect_reason(response)))
        try:
            async with asyncio.timeout(self.timeouts.answer_s):
                body = await _capped(response, MAX_ERROR_BYTES, is_cut=True)
        except (TimeoutError, httpx.HTTPError):
            body = b""
        wait_s = retry_after(response.headers.get("retry-after"), self._clock.now())
        return self.complain(origin.model, read_complaint(response.status_code, body, wait_s))

    @contextmanager
    def _translated(self, origin: Origin) -> Iterator[None]:
        """Every failure of the transport as a fault; the messages of httpx hold no headers."""
        try:
            yield
        except httpx.ConnectTimeout as error:
            waited = f"no connection in {self.timeouts.connect_s:.0f} s"
            raise Unreachable(*_of(origin), waited, was_sent=False) from error
        except httpx.ConnectError as error:
            raise Unreachable(*_of(origin), f"cannot connect: {error}", was_sent=False) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise Unreachable(*_of(origin), "silent for too long") from error
        except _Oversized as error:
            raise MalformedReply(*_of(origin), str(error)) from error
        except httpx.HTTPError as error:
            raise Unreachable(*_of(origin), f"the connection broke: {error}") from error


def _of(origin: Origin) -> tuple[str, str]:
    return origin.model, origin.host


def _redirect_reason(response: httpx.Response) -> str:
    target = httpx.URL(response.headers.get("location", ""))
    place = f"{target.scheme}://{target.host}" if target.host else "another path"
    return f"redirects to {place}; redirects are not followed with a key, set the final address instead"


async def _capped(response: httpx.Response, limit_bytes: int, *, is_cut: bool = False) -> bytes:
    """Read a body up to a limit; a longer one is cut or refused."""
    parts, size_bytes = [], 0
    async with aclosing(response.aiter_raw()) as raw:  # type: ignore[type-var]  # it is a generator
        async for piece in raw:
            parts.append(piece)
            size_bytes += len(piece)
            if size_bytes > limit_bytes:
                if is_cut:
                    break
                raise _Oversized(limit_bytes)
    return b"".join(parts)[:limit_bytes]
