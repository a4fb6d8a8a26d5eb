"""The same sound has the same name, another one never has; nothing secret is in it."""

import json
from typing import Any

import pytest
from livekit.agents import inference, tts

pytest.importorskip("livekit.plugins.openai", reason="no release fits this pre-release")

from livekit.plugins import openai

from lastword._upstream.speakers import silenced
from lastword.voice.identity import sound_key, voice_options

WORDS = "Please call again later."


def voice(**options: object) -> openai.TTS:
    given = {
        "model": "tts-1",
        "voice": "ash",
        "api_key": "sk-1234567890",
        "base_url": "http://x/v1",
    }
    return openai.TTS(**{**given, **options})  # type: ignore[arg-type] # options of the plugin


def test_the_same_voice_and_words_have_one_name() -> None:
    """Another object, another key of the account: the same sound."""
    one = sound_key(voice(), WORDS)
    assert one == sound_key(voice(api_key="sk-another"), WORDS)
    assert len(bytes.fromhex(one)) == 32


@pytest.mark.parametrize(
    "option",
    [
        {"voice": "coral"},
        {"model": "tts-1-hd"},
        {"speed": 1.1},
        {"instructions": "Be calm."},
        {"response_format": "flac"},
        {"base_url": "http://y/v1"},
    ],
    ids=lambda option: next(iter(option)),
)
def test_another_option_is_another_name(option: dict[str, object]) -> None:
    """Every option that could change the sound changes the name."""
    assert sound_key(voice(**option), WORDS) != sound_key(voice(), WORDS)


def test_other_words_are_another_name() -> None:
    """The words are part of the name."""
    assert sound_key(voice(), "Goodbye.") != sound_key(voice(), WORDS)


def test_updating_the_options_changes_the_name() -> None:
    """What a user changes in a running session is seen."""
    changing = voice()
    before = sound_key(changing, WORDS)
    changing.update_options(voice="coral")
    assert sound_key(changing, WORDS) == sound_key(voice(voice="coral"), WORDS)
    assert sound_key(changing, WORDS) != before


def test_a_turn_does_not_change_the_name() -> None:
    """What the core switches for each turn is no option of the voice."""
    speaking = voice()
    before = sound_key(speaking, WORDS)
    if hasattr(speaking, "_set_expressive"):  # from 1.8
        speaking._set_expressive(enabled=True)
    assert sound_key(speaking, WORDS) == before


def test_no_credential_is_hashed() -> None:
    """Neither keys nor what a URL carries beside its place."""
    gateway = inference.TTS(
        "cartesia/sonic-3",
        voice="some-voice-id",
        api_key="devkey-0123",
        api_secret="secret-0123456789",  # noqa: S106 - what must not appear
        base_url="https://user:pass-0123@gateway.example/v1?token=tok-0123",
    )
    seen = json.dumps([voice_options(gateway), voice_options(voice())])
    assert "some-voice-id" in seen
    assert "gateway.example" in seen
    for secret in ("devkey", "secret-", "pass-0123", "tok-0123", "sk-1234567890"):
        assert secret not in seen


def test_a_wrapped_voice_is_part_of_its_wrapper() -> None:
    """An own TTS around another one sounds like the other one."""

    class Wrapper(tts.TTS[str]):
        def __init__(self, inner: tts.TTS[Any]) -> None:
            super().__init__(capabilities=inner.capabilities, sample_rate=24000, num_channels=1)
            self.inner = inner

        def synthesize(self, text: str, **options: object) -> tts.ChunkedStream:
            raise NotImplementedError

    one, other = Wrapper(voice()), Wrapper(voice(voice="coral"))
    assert sound_key(one, WORDS) != sound_key(other, WORDS)
    assert sound_key(one, WORDS) == sound_key(Wrapper(voice()), WORDS)


def test_a_counter_beside_the_options_is_no_option() -> None:
    """A plugin that counts its requests still has one voice."""
    one = voice()
    vars(one)["_requests"] = 7
    assert sound_key(one, WORDS) == sound_key(voice(), WORDS)


def test_voices_that_hold_each_other_have_a_name() -> None:
    """A wrapper and its inner voice may know each other."""
    outer, inner = voice(), voice(voice="coral")
    vars(outer)["inner"], vars(inner)["outer"] = inner, outer
    assert sound_key(outer, WORDS) == sound_key(outer, WORDS)
    twin = silenced(outer)
    assert vars(vars(twin)["inner"])["outer"] is twin
    assert vars(twin)["inner"] is not inner
