"""References become adapters, and what is missing is said with a remedy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agents.models import smollm
from agents.models.catalogue import as_of, look_up
from agents.models.directory import Directory, ModelSettings
from agents.models.http import ModelTimeouts
from agents.models.references import parse_ref
from agents.models.script import ModelCard, parse_script
from engine.errors import UserFault
from engine.model import ModelRef
from tests.agents.models.conftest import KEY, collected, text_of
from tests.stubs.model_server import ModelServer

QWEN = ModelRef("ollama", "qwen3:4b")
SHORT = ModelTimeouts(connect_s=1, answer_s=2)


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("ollama/qwen3:4b", QWEN),
        (" ollama/hf.co/unsloth/Qwen3:Q4 ", ModelRef("ollama", "hf.co/unsloth/Qwen3:Q4")),
        ("openai/deepseek/deepseek-chat", ModelRef("openai", "deepseek/deepseek-chat")),
        ("embedded//models/a.gguf", ModelRef("embedded", "/models/a.gguf")),
    ],
)
def test_a_reference_is_provider_and_name(text: str, ref: ModelRef) -> None:
    assert parse_ref(text) == ref


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("qwen3", "Put the provider first, e.g. ollama/qwen3:4b"),
        ("llama3:8b", "Put the provider first, e.g. ollama/llama3:8b"),
        ("", "Put the provider first"),
        ("olama/qwen3:4b", "Did you mean ollama/qwen3:4b?"),
        ("OpenAI/gpt-5", "Did you mean openai/gpt-5?"),
        ("ollama/", "Add the model's name: ollama/NAME. There are: ollama/qwen3:4b."),
        ("mistralai/devstral", "openai/mistralai/devstral"),
    ],
)
def test_a_wrong_reference_is_answered_with_the_nearest_right_one(text: str, remedy: str) -> None:
    with pytest.raises(UserFault) as caught:
        parse_ref(text, [QWEN])

    assert remedy in caught.value.remedy


@pytest.mark.parametrize("ref", ["openai/gpt-5", "anthropic/claude-sonnet-5"])
def test_a_cloud_model_without_its_key_says_which_variable(ref: str) -> None:
    with pytest.raises(UserFault, match=r"_API_KEY is not set") as caught:
        Directory(ModelSettings()).model(ref)

    assert caught.value.remedy.startswith("export ")


def test_settings_and_directory_never_show_a_key() -> None:
    settings = ModelSettings.from_environment({"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY})

    assert settings.openai_api_key == KEY
    assert KEY not in repr(settings) + repr(Directory(settings))


@pytest.mark.parametrize(
    ("settings", "ref", "near"),
    [
        (ModelSettings(), "ollama/qwen3:4b", True),
        (ModelSettings(), "ollama/gpt-oss:120b-cloud", False),
        (ModelSettings(ollama_host="https://ollama.com"), "ollama/qwen3:4b", False),
        (ModelSettings(openai_base_url="http://127.0.0.1:8000/v1"), "openai/qwen", True),
        (ModelSettings(openai_api_key=KEY), "openai/qwen", False),
        (ModelSettings(openai_base_url="https://8.8.8.8/v1", openai_api_key=KEY), "openai/qwen", False),
        (ModelSettings(openai_base_url="http://[::ffff:8.8.8.8]/v1", openai_api_key=KEY), "openai/qwen", False),
        (ModelSettings(openai_base_url="http://134744072/v1", openai_api_key=KEY), "openai/qwen", False),
        (ModelSettings(openai_base_url="http://gpu:8000/v1"), "openai/qwen", True),
        (ModelSettings(anthropic_api_key=KEY), "anthropic/claude-sonnet-5", False),
        (ModelSettings(anthropic_base_url="http://127.0.0.1:1"), "anthropic/claude-sonnet-5", True),
        (ModelSettings(), "embedded/smollm2-135m", True),
    ],
)
def test_whether_a_model_is_near_is_known_from_its_present_address(
    settings: ModelSettings, ref: str, near: bool
) -> None:
    assert Directory(settings).is_near(parse_ref(ref)) is near


async def test_one_reference_is_one_adapter_and_one_server_is_one_pool() -> None:
    async with ModelServer([{"turns": [{"text": "hi"}]}]) as server:
        directory = Directory(ModelSettings(ollama_host=server.url), timeouts=SHORT)
        first, second = directory.model("ollama/a"), directory.model("ollama/b")

        await collected(first)
        after_first = server.connections
        await collected(second)

        assert directory.model("ollama/a") is first
        assert server.connections == after_first
        await directory.aclose()


async def test_a_pinned_window_is_sent_whatever_the_request_says() -> None:
    async with ModelServer([{"turns": [{"text": "hi"}]}]) as server:
        directory = Directory(ModelSettings(ollama_host=server.url), timeouts=SHORT)

        await collected(directory.model("ollama/a", window_tokens=12_345))

        assert server.chats()[0]["options"]["num_ctx"] == 12_345
        await directory.aclose()


async def test_a_local_compatible_server_needs_no_key() -> None:
    async with ModelServer([{"turns": [{"text": "hi"}]}]) as server:
        directory = Directory(ModelSettings(openai_base_url=server.url), timeouts=SHORT)

        assert text_of(await collected(directory.model("openai/local"))) == "hi"
        assert "authorization" not in server.requests[-1].headers
        await directory.aclose()


async def test_scripted_models_share_the_script() -> None:
    directory = Directory(ModelSettings(), script=parse_script([{"turns": [{"text": "as written"}]}]))

    assert text_of(await collected(directory.model("scripted/any"))) == "as written"

    with pytest.raises(UserFault, match="no script"):
        Directory(ModelSettings()).model("scripted/any")


async def test_findings_name_what_is_there_and_what_to_do(tmp_path: Path) -> None:
    async with ModelServer([]) as server:
        server.script.models.update({"qwen3:4b": ModelCard(), "gpt-oss:120b-cloud": ModelCard(cloud=True)})
        directory = Directory(
            ModelSettings(ollama_host=server.url, anthropic_api_key=KEY), timeouts=SHORT, models_folder=tmp_path
        )

        found = {finding.provider: finding for finding in await directory.findings()}

        assert found["ollama"].is_ready
        assert [(m.ref.name, m.is_local) for m in found["ollama"].models] == [
            ("qwen3:4b", True),
            ("gpt-oss:120b-cloud", False),
        ]
        assert (found["openai"].is_ready, found["openai"].remedy) == (False, "export OPENAI_API_KEY=…")
        assert "not tried" in found["anthropic"].what
        assert KEY not in repr(found)
        await directory.aclose()


async def test_a_server_that_is_gone_and_an_address_that_is_none_are_findings(tmp_path: Path) -> None:
    async with ModelServer([]) as gone:
        pass
    for host, word in ((gone.url, "does not answer"), ("http://", "not the URL")):
        directory = Directory(ModelSettings(ollama_host=host), timeouts=SHORT, models_folder=tmp_path)

        found = (await directory.findings())[0]

        assert not found.is_ready
        assert word in found.what
        assert found.remedy
        await directory.aclose()


async def test_an_empty_ollama_is_answered_with_the_command_that_fills_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ModelServer([]) as server:
        monkeypatch.setattr(server, "_cards", dict)
        directory = Directory(ModelSettings(ollama_host=server.url), timeouts=SHORT)

        found = (await directory.findings())[0]

        assert found.remedy == "ollama pull qwen3:4b"
        await directory.aclose()


def test_an_unknown_embedded_name_is_answered_with_the_two_ways(tmp_path: Path) -> None:
    directory = Directory(ModelSettings(), models_folder=tmp_path)

    with pytest.raises(UserFault) as caught:
        directory.model("embedded/llama")

    assert f"embedded/{smollm.NAME}" in caught.value.remedy


def test_importing_the_directory_imports_no_http_client() -> None:
    program = (
        "import sys, agents.models.directory as d; d.Directory(d.ModelSettings());"
        "print([m for m in ('httpx','ollama','pydantic','msgspec','yaml','platformdirs') if m in sys.modules])"
    )
    root = Path(__file__).parents[3]

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=root, check=True)

    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "name", ["claude-sonnet-5", "claude-sonnet-5-20260401", "anthropic/claude-sonnet-5", "claude-sonnet-5-latest"]
)
def test_a_dated_name_has_its_models_price(name: str) -> None:
    known = look_up(name)

    assert known is not None
    assert known.price_out > known.price_in > 0
    assert known.window_tokens >= 100_000


@pytest.mark.parametrize("name", ["gpt-5-mega", "claude-sonnet-5-turbo", "qwen3:4b", ""])
def test_a_name_that_is_only_similar_has_no_price(name: str) -> None:
    assert look_up(name) is None
    assert as_of() > "2026"
