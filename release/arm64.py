"""A Python for ARM64 on another machine: Debian's packages in a folder, run by qemu-user."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from versions.environments import uv

INSTALL_LIMIT_S = 300.0
TAG = "aarch64-manylinux_2_28"
"""What livekit's own wheels for ARM64 ask for."""


def emulated_python(folder: Path) -> list[str] | None:
    """Return the command that runs Debian's Python for ARM64; None where there is no qemu or apt.

    Args:
        folder: Where its packages are unpacked, if they are not there yet.
    """
    emulator, apt = shutil.which("qemu-aarch64"), shutil.which("apt-get")
    if emulator is None or apt is None:
        return None
    root = folder / "root"
    if not (root / "usr/bin/python3").exists():
        shutil.rmtree(folder, ignore_errors=True)
        _unpack(apt, folder)
    return [emulator, "-L", str(root), str((root / "usr/bin/python3").resolve())]


def _unpack(apt: str, folder: Path) -> None:
    """Download Python and all that it needs, past the packages of this machine."""
    for part in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / part).mkdir(parents=True)
    status = folder / "state" / "status"
    status.touch()
    options = {
        "APT::Architecture": "arm64",
        "APT::Architectures::": "arm64",
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "root",
        "Dir::State": folder / "state",
        "Dir::State::status": status,
        "Dir::Cache": folder / "cache",
    }
    command = [apt, "-qq", *(f"-o{name}={value}" for name, value in options.items())]
    for rest in (["update"], ["--yes", "--download-only", "install", "python3", "libstdc++6"]):
        _run([*command, *rest])
    for package in sorted((folder / "cache" / "archives").glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(package), str(folder / "root")])


def install(python: list[str], site: Path, *wanted: str) -> None:
    """Install wheels for ARM64 into a folder.

    Args:
        python: As `emulated_python` returned it.
        site: The folder, emptied first.
        wanted: What `uv pip install` is given.
    """
    shutil.rmtree(site, ignore_errors=True)
    version = Path(python[-1]).name.removeprefix("python")
    options = ("--quiet", "--only-binary", ":all:", "--python-version", version)
    done = uv("pip", "install", *options, "--python-platform", TAG, "--target", str(site), *wanted)
    if done.returncode:
        raise SystemExit(f"nothing for ARM64 was installed\n{done.stderr}")


def _run(command: list[str]) -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, env=environ, check=True, timeout=INSTALL_LIMIT_S)
