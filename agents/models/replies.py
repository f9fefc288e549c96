"""The loop that all HTTP adapters share: bytes → payloads → chunks → exactly one end, or a fault."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Protocol

from agents.models.faults import Complaint
from agents.models.http import Endpoint
from agents.models.lines import BadJson, LineTooLong, Splitter
from engine.errors import MalformedReply
from engine.model import Chunk


class Interrupted(Exception):
    """A reader met an error object in mid-stream."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


class BrokenReply(ValueError):
    """A reader cannot make sense of the reply; the text says why."""


class Reader(Protocol):
    """One protocol's reading of one reply: no I/O, a new one for each reply."""

    is_done: bool
    """The protocol's end mark was seen."""

    def read(self, payload: bytes) -> Sequence[Chunk]:
        """Translate one payload.

        Raises: Interrupted, BrokenReply, BadJson.
        """

    def end(self) -> Sequence[Chunk]:
        """What remains, an EndChunk last; asked for once, when the end mark was seen or the stream ended.

        Raises: BrokenReply when the reply is not whole, Interrupted when it ended in a failure.
        """


async def chunks_of(
    endpoint: Endpoint, model: str, path: str, body: dict[str, Any], splitter: Splitter, reader: Reader
) -> AsyncGenerator[Chunk, None]:
    """Stream one reply.

    Raises: ModelFault. Closing this generator closes the connection at once.
    """
    try:
        async with endpoint.opened(model, path, body) as reply:
            while piece := await reply.next():
                for payload in splitter.feed(piece):
                    for chunk in reader.read(payload):
                        yield chunk
                if reader.is_done:
                    await reply.drain()
                    break
        for payload in () if reader.is_done else splitter.flush():
            for chunk in reader.read(payload):
                yield chunk
        rest = reader.end()
    except Interrupted as error:
        raise endpoint.complain(model, error.complaint) from error
    except (BrokenReply, BadJson, LineTooLong) as error:
        raise MalformedReply(model, endpoint.address.origin, str(error)) from error
    for chunk in rest:
        yield chunk
