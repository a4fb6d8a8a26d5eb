"""Builds the source distribution, and from it the wheels for every platform, on one Linux machine.

One wheel per platform serves every CPython from 3.11 on, one more 3.10, where the machine has one.
The compiler and the libraries of all platforms are Zig's, from the package index. What is built is
what git knows, so that nothing made before slips in. `check.py` looks at the result.

    PYTHONPATH=tests python release/wheels.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from versions.environments import AT_ONCE, ROOT, environment, python_in
from versions.pythons import pythons

DIST = ROOT / "dist"
BUILDERS = ROOT / "build" / "builders"
BUILD_LIMIT_S = 600.0


@dataclass(frozen=True)
class Platform:
    """What a wheel is built for.

    Attributes:
        name: As `sysconfig.get_platform()` gives it there.
        tag: As the wheel's name gives it.
        zig: As Zig calls it, with the oldest system that it must run on.
        suffix: Of a library for one version of Python, with "{}" for that version.
        link: What the linker is told beside what all are.
    """

    name: str
    tag: str
    zig: str
    suffix: str
    link: str = "-shared -s"


# Python itself has the symbols; `-s` strips less than `-x` here
_MACH_O = "-shared -undefined dynamic_lookup -Wl,-x"
PLATFORMS = (
    # glibc 2.17, of 2012: livekit's own wheels want a newer one
    Platform("linux-x86_64", "manylinux_2_17_x86_64", "x86_64-linux-gnu.2.17",
             ".cpython-{}-x86_64-linux-gnu.so"),
    Platform("linux-aarch64", "manylinux_2_17_aarch64", "aarch64-linux-gnu.2.17",
             ".cpython-{}-aarch64-linux-gnu.so"),
    # the oldest macOS that livekit has wheels for
    Platform("macosx-11.0-arm64", "macosx_11_0_arm64", "aarch64-macos.11.0",
             ".cpython-{}-darwin.so", _MACH_O),
    Platform("macosx-10.15-x86_64", "macosx_10_15_x86_64", "x86_64-macos.10.15",
             ".cpython-{}-darwin.so", _MACH_O),
)  # fmt: skip


def builders() -> dict[str, str]:
    """Find the Pythons to build with: 3.10, and the lowest later one, whose wheels serve all."""
    found = pythons()
    later = next((version for version in found if version != "3.10"), None)
    return {version: found[version] for version in ("3.10", later) if version in found}


def build(python: str, tree: Path, **environ: str) -> None:
    """Run the build backend: a wheel if `environ` names a platform, else the source distribution.

    Args:
        python: Of an environment that has all that the build needs.
        tree: The sources.
        environ: What the environment has beside.
    """
    tag = environ.pop("TAG", None)
    options = {"--build-option": ["--plat-name", tag]} if tag else None
    call = f"build_{'wheel' if tag else 'sdist'}({str(DIST)!r}, {options!r})"
    done = subprocess.run(
        [python, "-c", f"from setuptools import build_meta; build_meta.{call}"],
        cwd=tree,
        env={**os.environ, **environ},
        timeout=BUILD_LIMIT_S,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{tag or 'sdist'}: not built\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def cross(version: str, platform: Platform) -> dict[str, str]:
    """Return the environment in which setuptools builds for another platform."""
    compiler = f"{sys.executable} -m ziglang cc -target {platform.zig} -fno-sanitize=undefined"
    own = {"SETUPTOOLS_EXT_SUFFIX": platform.suffix.format(version.replace(".", ""))}
    return {
        "TAG": platform.tag,
        "_PYTHON_HOST_PLATFORM": platform.name,
        "CC": compiler,
        "LDSHARED": f"{compiler} {platform.link}",
        **(own if version == "3.10" else {}),
    }


def main() -> None:
    """Build all into `dist/`."""
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    chosen = builders()
    for version, python in chosen.items():
        environment(BUILDERS / version, python, "--group", "pyproject.toml:native")
    commit = ("git", "-C", str(ROOT))
    changed_at = subprocess.check_output([*commit, "log", "-1", "--format=%ct"], text=True).strip()
    os.environ["SOURCE_DATE_EPOCH"] = changed_at  # so that the same commit gives the same files

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        archive = subprocess.check_output([*commit, "archive", "HEAD"])
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive, check=True)
        *_, newest = chosen
        build(python_in(BUILDERS / newest), tree)
        (source,) = DIST.glob("*.tar.gz")

        def wheels(version: str) -> None:
            unpacked = Path(folder) / version
            unpacked.mkdir()
            subprocess.run(["tar", "-xzf", str(source), "-C", str(unpacked)], check=True)
            (sources,) = unpacked.iterdir()
            for platform in PLATFORMS:
                build(python_in(BUILDERS / version), sources, **cross(version, platform))

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(wheels, chosen))
    for path in sorted(DIST.iterdir()):
        print(f"{path.stat().st_size / 1e6:6.2f} MB  {path.name}")
    if "3.10" not in chosen:
        print("no wheels for 3.10: this machine has no such Python")


if __name__ == "__main__":
    main()
