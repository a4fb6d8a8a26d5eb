"""Checks what `wheels.py` has built, and uses it as users will.

The x86-64 wheels are installed into a clean environment of every Python of this machine and used.
The ARM64 one that serves all later Pythons is used by Debian's Python under qemu, by the tests of
the resampler too. Of those for macOS, symbols and load commands are read.

    PYTHONPATH=tests python release/check.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import arm64
import macho
from wheels import DIST, PLATFORMS, builders

from audio.elf import DF_BIND_NOW, DT_FLAGS, DT_RPATH, DT_RUNPATH, PT_GNU_RELRO, Library
from audio.files import encoded, sweep, written
from audio.resampling import paths_of_this_cpu
from versions.environments import AT_ONCE, ROOT, environment, python_in
from versions.pythons import pythons

if TYPE_CHECKING:
    from collections.abc import Iterator

CLEAN = ROOT / "build" / "clean"
USE_LIMIT_S = 900.0
MACHINES = {"x86_64": 62, "aarch64": 183}
"""e_machine of ELF (gABI, chapter 4)."""
IN_THE_SDIST = (
    "CHANGELOG.md", "LICENSE", "Makefile", "README.md", "docs/room.md", "examples/agent.py",
    "ext/_native.pyx", "ext/riff.c", "release/wheels.py", "setup.py", "src/lastword/py.typed",
    "tests/conftest.py", "src/lastword/testing/room/go.mod",
)  # fmt: skip


def main() -> None:
    """Check all; the first thing that is wrong ends it."""
    check_names()
    check_sdist()
    check_with_tools()
    for wheel in sorted(DIST.glob("*.whl")):
        check_library(wheel)
    with tempfile.TemporaryDirectory() as folder:
        sounds = Path(folder)
        write_sounds(sounds)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for line in pool.map(lambda one: use(*one, sounds), pythons().items()):
                print(line)
        print(use_on_arm64(sounds))


def check_names() -> None:
    """One wheel per platform and kind of Python, and the sources."""
    version = next(DIST.glob("*.tar.gz")).name.removesuffix(".tar.gz")
    wanted = {f"{version}.tar.gz"}
    for python in builders():
        tag = "cp310-cp310" if python == "3.10" else "cp311-abi3"
        wanted |= {f"{version}-{tag}-{platform.tag}.whl" for platform in PLATFORMS}
    found = {path.name for path in DIST.iterdir()}
    expect(found == wanted, f"expected {sorted(wanted)}, got {sorted(found)}")


def check_sdist() -> None:
    """Tests, documentation and examples are in it, nothing that was built."""
    (path,) = DIST.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    missing = [name for name in IN_THE_SDIST if name not in names]
    built = [name for name in names if name.endswith((".so", ".pyc", "_native.c"))]
    expect(not missing and not built, f"{path.name}: lacks {missing}, was built: {built}")


def check_with_tools() -> None:
    """What the tools of the packaging world say; each is silent about what is right."""
    wheels = sorted(map(str, DIST.glob("*.whl")))
    program = Path(sys.executable).parent
    run(program / "abi3audit", "--strict", *(wheel for wheel in wheels if "-abi3-" in wheel))
    run(program / "check-wheel-contents", *wheels)
    run(program / "twine", "check", "--strict", *map(str, DIST.iterdir()))
    for wheel in wheels:
        if "manylinux" in wheel:
            said = " ".join(run(program / "auditwheel", "show", wheel).split())
            tag = wheel.removesuffix(".whl").rpartition("-")[2]
            expect(f'platform tag: "{tag}"' in said, f"{wheel}: {said}")


def check_library(wheel: Path) -> None:
    """The compiled module is stripped and guarded, and needs the system's libraries alone."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".so"))
        data = archive.read(name)
    tag = wheel.stem.rpartition("-")[2]
    found = macho.complaints(data, tag) if tag.startswith("macosx") else elf_complaints(data, tag)
    for complaint in found:
        raise SystemExit(f"{wheel.name}: {complaint}")


def elf_complaints(data: bytes, tag: str) -> Iterator[str]:
    """Yield what is wrong with a library for Linux."""
    library = Library(data)
    if data[18] != MACHINES[tag.removeprefix("manylinux_2_17_")]:
        yield "it is for another processor"
    if b"\0.symtab\0" in data:
        yield "it is not stripped"
    if PT_GNU_RELRO not in library.segments or not library.dynamic[DT_FLAGS] & DF_BIND_NOW:
        yield "its tables of functions can be written to"
    if not any(name.endswith("_chk") for name in library.names):
        yield "overruns are not looked for"
    if {DT_RPATH, DT_RUNPATH} & library.dynamic.keys():
        yield "it looks for libraries in folders of the building machine"


def write_sounds(folder: Path) -> None:
    """Write a second of sound in each of the common formats."""
    samples = sweep(48000, 48000, 2)
    for name, data in {
        "a.wav": written(samples, 48000, "WAV", "PCM_16"),
        "a.flac": written(samples, 48000, "FLAC"),
        "a.mp3": written(samples, 48000, "MP3"),
        "a.opus": encoded(samples, 48000, "libopus", "ogg"),
        "a.m4a": encoded(samples, 48000, "aac", "ipod"),
    }.items():
        (folder / name).write_bytes(data)


def use(version: str, python: str, sounds: Path) -> str:
    """Install a wheel into a clean environment and use it."""
    folder = CLEAN / version
    shutil.rmtree(folder, ignore_errors=True)
    tag = "cp310-cp310" if version == "3.10" else "cp311-abi3"
    (wheel,) = DIST.glob(f"*-{tag}-manylinux*x86_64.whl")
    done = environment(folder, python, str(wheel))
    expect(not done.returncode, f"Python {version}: not installed\n{done.stderr}")
    return f"Python {version}: {as_user([python_in(folder), '-I'], sounds, paths_of_this_cpu())}"


def use_on_arm64(sounds: Path) -> str:
    """Use the wheel for ARM64 under qemu, which needs some minutes."""
    python = arm64.emulated_python(ROOT / "build" / "arm64")
    if python is None:
        return "ARM64: not tried, it needs qemu-user and apt-get"
    (wheel,) = DIST.glob("*-cp311-abi3-manylinux*aarch64.whl")
    site = ROOT / "build" / "arm64" / "site"
    arm64.install(python, site, str(wheel), "--group", f"{ROOT / 'pyproject.toml'}:test")
    command = ["env", f"PYTHONPATH={site}", *python]
    said = as_user(command, sounds, ["portable"])
    tests = ROOT / "tests" / "audio" / "test_resample.py"
    tested = run(*command, "-m", "pytest", "-q", "-p", "no:cacheprovider", tests)
    return f"ARM64: {said}; {tests.name}: {last_line(tested)}"


def as_user(python: list[str], sounds: Path, paths: list[str]) -> str:
    """Run user.py by a Python; return the last line that it printed."""
    user = Path(__file__).with_name("user.py")
    return last_line(run(*python, user, ROOT / "src", sounds, ",".join(paths), *python))


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return text.strip().rpartition("\n")[2]


def run(*command: object) -> str:
    """Run a command away from the sources; what it said belongs to the complaint if it fails."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=DIST,
        env=environ,
        timeout=USE_LIMIT_S,
        capture_output=True,
        text=True,
        check=False,
    )
    expect(not done.returncode, f"{command}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def expect(holds: bool, complaint: str) -> None:  # noqa: FBT001 - an assert that -O leaves in
    """End the program if something does not hold."""
    if not holds:
        raise SystemExit(complaint)


if __name__ == "__main__":
    main()
