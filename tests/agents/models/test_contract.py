"""What every adapter promises, checked against a real server on loopback, whatever the server does."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from agents.models.http import ModelTimeouts
from agents.models.script import ModelCard, parse_script
from engine.errors import Busy, ContextOverflow, MalformedReply, ModelFault, Refused, UnknownModel, Unreachable
from engine.model import EndChunk, Message, ProgressChunk, StopReason, ToolCallChunk, ToolSpec
from engine.ports import Model
from tests.agents.models.conftest import KEY, collected, opened, request, text_of, thinking_of
from tests.stubs.model_server import ModelServer

TOOL = ToolSpec("read_file", "Read.", {"type": "object", "properties": {"path": {"type": "string"}}})
WORDS = "Grüße, 世界 \u2028 and 🚀: a line that every decoder must leave whole.\n" * 3


def say(server: ModelServer, *turns: dict[str, object]) -> None:
    """Replace the script's turns."""
    server.script = parse_script({"entries": [{"turns": list(turns)}], "models": {"m": {"thinking": True}}})


async def test_text_arrives_whole_and_the_end_comes_last(model: Model, server: ModelServer) -> None:
    say(server, {"text": WORDS, "usage": {"prompt_tokens": 26, "output_tokens": 298}})

    chunks = await collected(model)

    assert text_of(chunks) == WORDS
    assert [type(chunk) for chunk in chunks].count(EndChunk) == 1
    end = chunks[-1]
    assert isinstance(end, EndChunk)
    assert (end.reason, end.usage.prompt_tokens, end.usage.output_tokens) == (StopReason.STOP, 26, 298)
    assert not end.usage.is_estimated


async def test_thinking_is_apart_from_text(model: Model, server: ModelServer) -> None:
    say(server, {"thinking": "Let me see. " * 5, "text": "Yes."})

    chunks = await collected(model)

    assert (thinking_of(chunks), text_of(chunks)) == ("Let me see. " * 5, "Yes.")


async def test_tool_calls_arrive_whole_in_either_turn(model: Model, server: ModelServer) -> None:
    tools = [{"name": "read_file", "arguments": {"path": 'ä "b".py'}}, {"name": "read_file", "arguments": {}}]
    say(server, {"text": "Two files.", "tools": tools})

    for asked in (request(tools=(TOOL,)), request("x", tools=(TOOL,))):
        chunks = await collected(model, asked)

        calls = [chunk.call for chunk in chunks if isinstance(chunk, ToolCallChunk)]
        assert [(call.name, call.arguments) for call in calls] == [(t["name"], t["arguments"]) for t in tools]
        assert len({call.call_id for call in calls}) == 2
        assert isinstance(chunks[-1], EndChunk)
        assert chunks[-1].reason is StopReason.TOOL_CALLS


async def test_a_length_limit_is_told(model: Model, server: ModelServer) -> None:
    say(server, {"text": "And then", "length": True})

    end = (await collected(model))[-1]

    assert isinstance(end, EndChunk)
    assert end.reason is StopReason.LENGTH


async def test_a_tool_loop_goes_back_in_the_vendors_own_form(model: Model, server: ModelServer) -> None:
    say(server, {"thinking": "Hm.", "tool": {"name": "read_file", "arguments": {"path": "a"}}}, {"text": "Done."})
    chunks = await collected(model, request(tools=(TOOL,)))
    end = chunks[-1]
    assert isinstance(end, EndChunk)
    call = next(chunk.call for chunk in chunks if isinstance(chunk, ToolCallChunk))
    history = (
        *request().messages,
        Message("assistant", "", (call,), opaque=end.opaque),
        Message("tool", "text of a", call_id=call.call_id, tool_name=call.name),
    )

    second = await collected(model, request().__class__(history, tools=(TOOL,)))

    assert text_of(second) == "Done."


@pytest.mark.parametrize(
    "twist",
    [
        {"byte_by_byte": True},
        {"all_in_one": True},
        {"crlf": True},
        {"extra_fields": True},
        {"first_byte_delay_s": 0.5},
        {"length_off_by": 0},
    ],
    ids=str,
)
async def test_the_way_bytes_are_packed_does_not_matter(
    model: Model, server: ModelServer, twist: dict[str, object]
) -> None:
    say(server, {"thinking": "ab", "text": WORDS, "tool": {"name": "read_file", "arguments": {"path": "x"}}})
    plain = await collected(model)
    for name, value in twist.items():
        setattr(server.mischief, name, value)

    twisted = await collected(model)

    without_progress = [chunk for chunk in plain if not isinstance(chunk, ProgressChunk)]
    assert [chunk for chunk in twisted if not isinstance(chunk, ProgressChunk)] == without_progress


@pytest.mark.parametrize(
    ("twist", "fault"),
    [
        ({"cut_after": 3}, MalformedReply),
        ({"garbage_after": 2}, MalformedReply),
        ({"endless_after": 2}, MalformedReply),
        ({"gzip_header": True}, MalformedReply),
        ({"reset_after": 3}, Unreachable),
        ({"silent_after": 3}, Unreachable),
        ({"length_off_by": -120}, MalformedReply),
    ],
    ids=str,
)
async def test_a_reply_that_breaks_off_is_a_fault_and_never_a_short_answer(
    model: Model, server: ModelServer, twist: dict[str, object], fault: type[ModelFault]
) -> None:
    say(server, {"text": WORDS})
    for name, value in twist.items():
        setattr(server.mischief, name, value)

    with pytest.raises(fault) as caught:
        await collected(model)

    assert caught.value.host == server.url
    assert caught.value.model == "m"


async def test_a_whole_reply_counts_even_if_its_length_header_lies(model: Model, server: ModelServer) -> None:
    server.mischief.length_off_by = 50

    assert text_of(await collected(model)) == "Hello from the other side."


async def test_an_error_in_mid_stream_is_a_fault_with_the_servers_words(model: Model, server: ModelServer) -> None:
    server.mischief.error_after = 2

    with pytest.raises(ModelFault, match="burnt"):
        await collected(model)


async def test_busy_twice_then_fine(model: Model, server: ModelServer) -> None:
    full = '{"error":"server busy, please try again.  maximum pending requests exceeded"}'
    server.mischief.refusals = [(503, full, None), (503, full, "2")]

    for expected in (None, 2.0):
        with pytest.raises(Busy) as caught:
            await collected(model)
        assert caught.value.retry_after_s == expected
    assert text_of(await collected(model)) == "Hello from the other side."


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, '{"error":{"message":"top_p must be nice"}}', Refused),
        (401, '{"error":{"message":"bad key"}}', Refused),
        (403, "<html><title>Forbidden</title></html>", Refused),
        (404, '{"error":"model \'m\' not found"}', UnknownModel),
        (404, "404 page not found", Refused),
        (413, '{"error":{"message":"request too large"}}', ContextOverflow),
        (429, '{"error":{"message":"slow down"}}', Busy),
        (429, '{"error":{"message":"You exceeded your quota","code":"insufficient_quota"}}', Refused),
        (500, '{"error":"boom"}', Unreachable),
        (502, "", Unreachable),
        (529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', Busy),
        (400, '{"error":{"code":400,"message":"request (9031 tokens) exceeds the available context size (8192 tokens)",'
              '"type":"exceed_context_size_error","n_prompt_tokens":9031,"n_ctx":8192}}', ContextOverflow),
        (400, '{"error":{"message":"This model\'s maximum context length is 8192 tokens. However, your messages '
              'resulted in 9031 tokens.","code":"context_length_exceeded"}}', ContextOverflow),
        (400, '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: '
              '9031 tokens > 8192 maximum"}}', ContextOverflow),
    ],
)  # fmt: skip
async def test_every_status_is_the_fault_that_the_policy_reacts_to(
    model: Model, server: ModelServer, status: int, body: str, fault: type[ModelFault]
) -> None:
    server.mischief.refusals = [(status, body, None)]

    with pytest.raises(ModelFault) as caught:
        await collected(model)

    assert type(caught.value) is fault
    if isinstance(caught.value, ContextOverflow) and "9031" in body:
        assert (caught.value.prompt_tokens, caught.value.window_tokens) == (9031, 8192)


async def test_an_error_body_reaches_nobody_uncleaned(model: Model, server: ModelServer) -> None:
    server.mischief.refusals = [(500, "boo\x1b[31m\x1b]0;owned\x07 " + "x" * 100_000, None)]

    with pytest.raises(Unreachable) as caught:
        await collected(model)

    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600


async def test_a_server_that_is_not_there_is_unreachable(protocol: str) -> None:
    async with ModelServer([]) as gone:
        pass
    model = opened(protocol, gone)

    with pytest.raises(Unreachable):
        await collected(model)

    await model.aclose()


async def test_closing_the_stream_closes_the_connection_at_once(model: Model, server: ModelServer) -> None:
    say(server, {"text": "word " * 2000, "delay_s": 0.01})
    stream = model.stream(request())
    async for chunk in stream:
        if not isinstance(chunk, ProgressChunk):
            break

    await stream.aclose()  # type: ignore[attr-defined]  # every adapter's stream is a generator

    async with asyncio.timeout(1):
        await server.disconnected.wait()
    assert server.in_flight == 0


async def test_cancelling_the_task_closes_the_connection_even_before_the_first_byte(
    model: Model, server: ModelServer
) -> None:
    say(server, {"text": "never", "first_delay_s": 30})

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await collected(model)

    async with asyncio.timeout(1):
        await server.disconnected.wait()


async def test_finished_replies_reuse_one_connection(model: Model, server: ModelServer) -> None:
    await collected(model)
    before = server.connections

    for _ in range(5):
        await collected(model)

    assert server.connections == before


async def test_a_redirect_is_refused_and_carries_no_key(protocol: str, server: ModelServer) -> None:
    async with ModelServer([{"turns": [{"text": "caught you"}]}]) as thief:
        server.mischief.redirect_to = f"{thief.url}/v1/chat/completions"
        model = opened(protocol, server)

        with pytest.raises(Refused, match="redirects to http://127"):
            await collected(model)

        assert thief.requests == []
        await model.aclose()


async def test_a_key_is_in_no_error_no_log_and_no_repr(protocol: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ModelServer([{"turns": [{"text": "hi"}]}], api_key="another") as server:
        server.mischief.refusals = [(401, '{"error":"Incorrect API key provided: ' + KEY + '"}', None)]
        model = opened(protocol, server)

        with pytest.raises(Refused) as caught:
            await collected(model)

        shown = "".join(traceback.format_exception(caught.value)) + repr(model) + repr(vars(model)) + caplog.text
        shown += repr(getattr(model, "_endpoint", None) and vars(model._endpoint))  # type: ignore[attr-defined]
        assert KEY not in shown
        await model.aclose()


async def test_keys_go_to_their_own_origin(protocol: str, server: ModelServer) -> None:
    model = opened(protocol, server)

    await collected(model)

    sent = server.requests[-1].headers
    expected = {"ollama": (None, None), "openai": (f"Bearer {KEY}", None), "anthropic": (None, KEY)}[protocol]
    assert (sent.get("authorization"), sent.get("x-api-key")) == expected
    assert sent["accept-encoding"] == "identity"
    await model.aclose()


async def test_the_profile_is_asked_from_the_server(model: Model, server: ModelServer) -> None:
    server.script.models["m"] = ModelCard(window_tokens=40_960)

    profile = await model.profile()

    assert profile.ref == model.ref
    assert profile.host == server.url
    assert profile.is_local
    assert profile.has_tools


async def test_a_model_that_the_server_does_not_have_is_unknown(protocol: str, server: ModelServer) -> None:
    server.script.models["qwen3:4b"] = ModelCard()
    model = opened(protocol, server, "qwen3:4c")

    with pytest.raises(UnknownModel):
        await model.profile()

    await model.aclose()


async def test_a_slow_first_byte_is_waited_for_and_a_silent_server_is_not(protocol: str, server: ModelServer) -> None:
    say(server, {"text": "at last", "first_delay_s": 0.6})
    patient = opened(protocol, server)
    hasty = opened(protocol, server, timeouts=ModelTimeouts(first_byte_s=0.2, silence_s=0.2, answer_s=2))

    assert text_of(await collected(patient)) == "at last"
    with pytest.raises(Unreachable, match="silent"):
        await collected(hasty)

    await patient.aclose()
    await hasty.aclose()
