"""The command shows what there is, renders ahead, and its exit code tells CI what is wrong."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner, Result

import lastword
from lastword.audio.bundled import TONES
from lastword.cli.main import app
from lastword.testing.gateway import Gateway, unauthorized
from voice.speech import SPEECH, spoken

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

EXAMPLES = Path(__file__).parent.parent / "examples"
WORDS = "Sorry, we have to end this call."
AGENT = """
import lastword
from livekit.agents import AgentSession
from livekit.plugins import openai

def voice():
    return openai.TTS(base_url="{url}/v1", api_key="none", response_format="wav")

async def voice_later():
    return voice()

def session():
    made = AgentSession(tts=voice())
    lastword.attach(made, {message!r}, language="fr")
    return made

def last_word():
    return lastword.attach(AgentSession(), {{lastword.FailureKind.AUTH: None}}, language="ja")

def forgotten():
    return AgentSession()

not_callable = 7
"""


def run(*arguments: str) -> Result:
    """Run the command; tables get a wide terminal."""
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, arguments)


def reported(*arguments: str, code: int = 0) -> Any:
    """Run the command with `--json` and read what it prints."""
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
async def provider() -> AsyncIterator[Gateway]:
    """A provider that speaks."""
    async with Gateway() as gateway:
        gateway.script(SPEECH, spoken(0.5))
        yield gateway


@pytest.fixture
def agent(
    provider: Gateway,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> str:
    """A module in the working directory, found like an agent's own."""
    # a plugin registers itself on the main thread alone, and these tests run the command beside it
    pytest.importorskip("livekit.plugins.openai", reason="none fits this pre-release")
    name = "agent_of_" + "".join(c if c.isalnum() else "_" for c in request.node.name)
    (tmp_path / f"{name}.py").write_text(AGENT.format(url=provider.url, message=WORDS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return name


@pytest.fixture
def loud(tmp_path: Path) -> Path:
    """One second of stereo at 48 kHz between silences, clipped."""
    turns = 440.0 * np.arange(48000) / 48000
    tone = np.clip(1.5 * np.sin(2 * np.pi * turns), -1.0, 1.0)
    silence = np.zeros(4800)
    path = tmp_path / "loud.flac"
    mono = np.concatenate([silence, tone, silence])
    soundfile.write(path, np.stack([mono, mono], axis=1), 48000, subtype="PCM_24")
    return path


def test_a_file_is_inspected(loud: Path) -> None:
    """Format, length, level, silence, clipping, and what it becomes."""
    found = reported("inspect", str(loud))
    assert found["format"] == "FLAC PCM_24"
    assert (found["sample_rate"], found["num_channels"]) == (48000, 2)
    assert found["duration_s"] == pytest.approx(1.2)
    assert found["peak_dbfs"] == pytest.approx(0.0, abs=0.01)
    assert found["silence_before_s"] == pytest.approx(0.1, abs=0.001)
    assert found["silence_after_s"] == pytest.approx(0.1, abs=0.001)
    assert found["full_scale_samples"] > 1000
    assert found["played_samples"] == 28800
    assert len(found["envelope"]) == 60


def test_a_file_is_shown(loud: Path) -> None:
    """With a waveform that is silent, loud, and silent again."""
    result = run("inspect", str(loud))
    assert result.exit_code == 0
    assert "FLAC PCM_24, 48000 Hz, 2 channels" in result.stdout
    assert "24 frames of 50 ms" in result.stdout
    assert "     █" in result.stdout


def test_several_files_are_inspected(loud: Path, tmp_path: Path) -> None:
    """Each in its turn; one that is no sound does not keep the others from being shown."""
    missing = str(tmp_path / "missing.wav")
    rows = reported("inspect", str(loud), missing, str(loud), code=1)
    assert [row["file"] for row in rows] == [str(loud), missing, str(loud)]
    assert [row.get("duration_s") for row in rows] == [1.2, None, 1.2]
    assert "found nothing" in rows[1]["error"]
    shown = run("inspect", str(loud), missing)
    assert (shown.exit_code, shown.stdout.count("FLAC PCM_24")) == (1, 1)
    assert str(loud) in shown.stdout
    assert missing in shown.stderr


def test_standard_input_is_inspected(loud: Path) -> None:
    """As any file; empty it is an error."""
    result = CliRunner().invoke(app, ["inspect", "-", "--json"], input=loud.read_bytes())
    assert json.loads(result.stdout)["duration_s"] == 1.2
    assert reported("inspect", "-", code=1).keys() == {"file", "error"}


def test_silence_is_shown_as_silence(tmp_path: Path) -> None:
    """Nothing divides by nothing."""
    soundfile.write(tmp_path / "silence.wav", np.zeros(100), 8000)
    found = reported("inspect", str(tmp_path / "silence.wav"))
    assert (found["loudness_lufs"], found["peak_dbfs"]) == (None, None)
    assert run("inspect", str(tmp_path / "silence.wav")).exit_code == 0


def test_what_is_no_sound_is_an_error(tmp_path: Path) -> None:
    """With the reason, in both forms."""
    (tmp_path / "text.wav").write_text("no sound")
    for file in (tmp_path / "text.wav", tmp_path / "missing.wav"):
        assert run("inspect", str(file)).exit_code == 1
        assert "expected" in reported("inspect", str(file), code=1)["error"]


def test_the_bundled_languages_are_listed() -> None:
    """Each with its tones, their words and lengths."""
    listed = reported("languages")
    assert sorted(listed) == lastword.bundled_languages()
    assert listed["en"]["later"]["transcript"] == lastword.bundled("en", "later").transcript
    assert {tone for tones in listed.values() for tone in tones} == set(TONES)
    assert "Entschuldigung" in run("languages").stdout


async def test_words_are_rendered_ahead(provider: Gateway, agent: str) -> None:
    """Once; a second run finds them, and so would a call."""
    order = ["bake", f"{agent}:voice", "--text", WORDS, "--text", "Other words."]
    first = await asyncio.to_thread(reported, *order)
    assert [(row["text"], row["was"], row["error"]) for row in first] == [
        (WORDS, "rendered", None),
        ("Other words.", "rendered", None),
    ]
    assert first[0]["duration_s"] == pytest.approx(0.54, abs=0.01)
    again = await asyncio.to_thread(reported, *order)
    assert [row["was"] for row in again] == ["kept", "kept"]
    assert provider.asked(SPEECH) == 2


async def test_words_are_rendered_from_a_file(
    provider: Gateway, agent: str, tmp_path: Path
) -> None:
    """A TOML file names the voice and the words; the voice may come from a coroutine."""
    order = tmp_path / "words.toml"
    order.write_text(f'tts = "{agent}:voice_later"\nwords = ["{WORDS}"]\n')
    cache = tmp_path / "image"
    rows = await asyncio.to_thread(reported, "bake", str(order), "--cache-dir", str(cache))
    assert [row["was"] for row in rows] == ["rendered"]
    assert len([*cache.glob("*.wav")]) == 1


async def test_words_that_cannot_be_kept_fail_the_build(
    provider: Gateway, agent: str, tmp_path: Path
) -> None:
    """A call would not find them: exit code 1, with the remedy."""
    (tmp_path / "file").touch()
    order = ["bake", f"{agent}:voice", "-t", WORDS, "--cache-dir", str(tmp_path / "file")]
    (row,) = await asyncio.to_thread(reported, *order, code=1)
    assert (row["was"], provider.asked(SPEECH)) == ("failed", 1)
    assert "--cache-dir" in row["error"]


async def test_brackets_in_words_are_words(provider: Gateway, agent: str) -> None:
    """They are shown, and mean no colours."""
    done = await asyncio.to_thread(run, "bake", f"{agent}:voice", "-t", "Press [red] or [/].")
    assert done.exit_code == 0, done.output
    assert "Press [red] or [/]." in done.stdout
    assert provider.asked(SPEECH) == 1


async def test_words_that_cannot_be_rendered_fail_the_build(provider: Gateway, agent: str) -> None:
    """Exit code 1, with the reason and without the provider's words."""
    provider.script(SPEECH, unauthorized())
    (row,) = await asyncio.to_thread(reported, "bake", f"{agent}:voice", "-t", WORDS, code=1)
    assert row["was"] == "failed"
    assert "APIStatusError" in row["error"]
    assert "API key" not in row["error"]


async def test_a_session_is_checked(provider: Gateway, agent: str) -> None:
    """Every kind is heard in the agent's own voice; the session is not started."""
    rows = await asyncio.to_thread(reported, "check", f"{agent}:session")
    assert [row["kind"] for row in rows] == [kind.value for kind in lastword.FailureKind]
    assert {(row["source"], row["transcript"]) for row in rows} == {("own_voice", WORDS)}
    assert provider.asked(SPEECH) == 1


async def test_a_dead_voice_is_heard_as_a_bundled_clip(provider: Gateway, agent: str) -> None:
    """Which is heard: exit code 0, and the table says what."""
    provider.script(SPEECH, unauthorized())
    rows = await asyncio.to_thread(reported, "check", f"{agent}:session")
    assert {(row["source"], row["language"]) for row in rows} == {("bundled", "fr")}


async def test_a_silent_kind_fails_the_check(agent: str) -> None:
    """Exit code 1, and the kind is named."""
    rows = await asyncio.to_thread(reported, "check", f"{agent}:last_word", code=1)
    assert [row["kind"] for row in rows if row["source"] is None] == ["auth"]
    shown = await asyncio.to_thread(run, "check", f"{agent}:last_word")
    assert "nothing" in shown.stdout


async def test_the_example_is_checked(
    provider: Gateway, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its words are heard: from a bundled clip while the gateway is not there to render them."""
    for name in ("LIVEKIT_URL", "LIVEKIT_INFERENCE_URL"):
        monkeypatch.setenv(name, provider.url)
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", "a-secret-of-at-least-thirty-two-characters")
    monkeypatch.chdir(EXAMPLES)
    monkeypatch.syspath_prepend(EXAMPLES)
    rows = await asyncio.to_thread(reported, "check", "agent:make_session")
    assert {row["source"] for row in rows} == {"bundled"}
    assert provider.asked("/tts") > 0


def test_bake_prepares_files(tmp_path: Path) -> None:
    """While an image is built: of each file it says what has become of it."""
    cache = str(tmp_path / "cache")
    tone = 0.5 * np.sin(np.arange(24_000) / 9)
    for suffix in ("flac", "wav"):
        soundfile.write(tmp_path / f"sorry.{suffix}", tone, 24_000)
    flac, wav = (str(tmp_path / f"sorry.{suffix}") for suffix in ("flac", "wav"))
    (row,) = reported("bake", flac, "--cache-dir", cache)
    assert (row["text"], row["duration_s"], row["was"]) == (flac, 1.0, "prepared")
    assert len([*Path(cache).glob("*.frames")]) == 1
    order = tmp_path / "order.toml"
    order.write_text(f"files = {json.dumps([flac, wav, str(tmp_path / 'none.mp3')])}")
    rows = reported("bake", str(order), "--cache-dir", cache, code=1)
    assert [row["was"].split(":")[0] for row in rows] == ["kept", "not needed", "failed"]
    assert "none.mp3" in rows[2]["error"]
    (tmp_path / "file").touch()
    (row,) = reported("bake", flac, "--cache-dir", str(tmp_path / "file" / "folder"), code=1)
    assert "--cache-dir" in row["error"]
