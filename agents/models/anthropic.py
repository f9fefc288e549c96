"""A model behind Anthropic's messages API, or a server that speaks it (llama.cpp does)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from difflib import get_close_matches

from agents.models.address import Address, parse_address
from agents.models.anthropic_wire import AnthropicReader, Dialect, messages_body, prompt_body
from agents.models.catalogue import look_up
from agents.models.faults import ANTHROPIC_STATUSES
from agents.models.http import Endpoint, ModelTimeouts, Protocol
from agents.models.lines import SseSplitter
from agents.models.openai import models_of
from agents.models.replies import chunks_of
from engine.clock import Clock
from engine.errors import MalformedReply, Refused, UnknownModel
from engine.model import Chunk, ModelProfile, ModelRef, ModelRequest, Tier

API_VERSION = "2023-06-01"
UNKNOWN_WINDOW_TOKENS = 200_000
SLOTS = 8
"""How many requests at once we ask of the cloud; its own limit is answered by 429."""
MAX_LESSONS = 3


def anthropic_address(base_url: str) -> Address:
    """Read ANTHROPIC_BASE_URL, with or without `/v1`.

    Raises: UserFault.
    """
    address = parse_address(base_url, "ANTHROPIC_BASE_URL")
    return Address(address.origin, address.path.removesuffix("/v1") + "/v1", address.basic_auth)


def anthropic_endpoint(
    address: Address, api_key: str, *, timeouts: ModelTimeouts | None = None, clock: Clock | None = None
) -> Endpoint:
    """The server with its key and the version header."""
    protocol = Protocol(ANTHROPIC_STATUSES, {"anthropic-version": API_VERSION, "accept": "text/event-stream"})
    key = {"x-api-key": api_key} if api_key else {}
    return Endpoint(address, protocol, key=key, timeouts=timeouts, clock=clock)


class AnthropicModel:
    """One model of the messages API."""

    def __init__(self, ref: ModelRef, endpoint: Endpoint, *, owns_endpoint: bool = True) -> None:
        self.ref = ref
        self._endpoint = endpoint
        self._dialect = Dialect()
        self._owns_endpoint = owns_endpoint

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Chunk, None]:
        """Ask, and yield the reply as it comes; a 400 about one optional parameter is asked again without it.

        Raises: ModelFault. Closing this generator closes the connection at once.
        """
        path = f"{self._endpoint.address.path}/messages"
        has_begun = False
        for lesson in range(MAX_LESSONS + 1):
            body = messages_body(self.ref.name, request, self._dialect)
            reader = AnthropicReader(request)
            stream = chunks_of(self._endpoint, self.ref.name, path, body, SseSplitter(), reader)
            try:
                async with aclosing(stream) as chunks:
                    async for chunk in chunks:
                        has_begun = True
                        yield chunk
            except Refused as error:
                may_ask_again = not has_begun and lesson < MAX_LESSONS and error.status == 400
                if not may_ask_again or not self._dialect.learn(error.reason):
                    raise
            else:
                return

    async def count_tokens(self, request: ModelRequest) -> int:
        """Count a prompt before sending it, by the server's own tokenizer.

        Raises: ModelFault.
        """
        path = f"{self._endpoint.address.path}/messages/count_tokens"
        answer = await self._endpoint.ask(self.ref.name, "POST", path, prompt_body(self.ref.name, request))
        try:
            return int(json.loads(answer)["input_tokens"])
        except (ValueError, KeyError, TypeError) as error:
            raise MalformedReply(self.ref.name, self._endpoint.address.origin, "no token count") from error

    async def profile(self) -> ModelProfile:
        """What is known of the model; asking also proves that the key works.

        Raises: UnknownModel, Refused, ModelFault.
        """
        window_listed = await self._listed_window()
        known = look_up(self.ref.name)
        address = self._endpoint.address
        window = window_listed or (known.window_tokens if known else UNKNOWN_WINDOW_TOKENS)
        is_local = address.is_private
        return ModelProfile(
            ref=self.ref,
            host=address.origin,
            is_local=is_local,
            tier=Tier.LARGE if is_local else Tier.CLOUD,
            max_window_tokens=window,
            effective_window_tokens=window,
            has_tools=True,
            has_thinking=not is_local,
            slots=1 if is_local else SLOTS,
            price_in=known.price_in if known and not is_local else 0.0,
            price_out=known.price_out if known and not is_local else 0.0,
            notes=() if known or is_local else ("price unknown: its cost is not counted",),
        )

    async def aclose(self) -> None:
        """Close the connections, unless the endpoint is shared with other models."""
        if self._owns_endpoint:
            await self._endpoint.aclose()

    async def _listed_window(self) -> int:
        """The window from the server's list, 0 when it does not say.

        Raises: UnknownModel when there is a list without this model. Aliases (`-latest`) are never listed.
        """
        name = self.ref.name
        models = await models_of(self._endpoint, name)
        names = [str(model.get("id", "")) for model in models]
        mine = next((model for model in models if _is_named(str(model.get("id", "")), name)), None)
        if mine is not None:
            meta = mine.get("meta") if isinstance(mine.get("meta"), dict) else {}
            window = mine.get("max_input_tokens") or (meta or {}).get("n_ctx")
            return window if isinstance(window, int) else 0
        if names and look_up(name) is None:
            near = get_close_matches(name, names, n=3)
            hint = f"; near: {', '.join(near)}" if near else ""
            raise UnknownModel(name, self._endpoint.address.origin, f"the server has no such model{hint}")
        return 0


def _is_named(listed: str, name: str) -> bool:
    """Whether a listed, dated id is this model: `claude-x-20260101` is `claude-x` and `claude-x-latest`."""
    bare = name.removesuffix("-latest")
    rest = listed.removeprefix(bare)
    return listed == name or (listed.startswith(bare) and rest.startswith("-") and rest[1:].isdecimal())
