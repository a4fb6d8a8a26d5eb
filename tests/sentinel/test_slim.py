"""The sentinel's process is slim: it lives beside every worker."""

import subprocess
import sys

SLIM = """
import sys
from lastword.sentinel.slim import slim_imports
with slim_imports():
    import lastword.sentinel.sounds, lastword.sentinel.switchboard
"""


def ran(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SLIM + program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_it_does_without_what_takes_the_most_memory() -> None:
    heavy = "{'numpy', 'cryptography', 'livekit.agents', 'lastword.audio.clip'}"
    assert ran(f"print({heavy} & {{*sys.modules}})") == "set()"


def test_what_it_does_without_can_be_imported_afterwards() -> None:
    """Also by livekit itself, when its mixer is used after all."""
    program = """
from livekit.rtc import audio_mixer
assert len(audio_mixer.np.zeros(3)) == 3
import numpy, numpy.typing, cryptography
print(audio_mixer.np.ndarray is numpy.ndarray)
"""
    assert ran(program) == "True"


def test_what_asks_for_more_while_it_is_imported_gets_it() -> None:
    """Another livekit may use numpy at once."""
    program = """
for name in [name for name in sys.modules if name.startswith("numpy")]:
    del sys.modules[name]
with slim_imports():
    import numpy as np
    assert np.ndarray is object
    print(len(np.zeros(3)), sys.modules["numpy"] is not np)
"""
    assert ran(program) == "3 True"
