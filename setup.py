"""Builds the one compiled module, `lastword.audio._native`, from `ext/`.

`python setup.py build_ext --inplace` puts the library into `src/lastword/audio/`; everything
else is declared in pyproject.toml. Needs GCC or Clang. From CPython 3.11 on, the library uses the
stable ABI, so one library works with all later versions. The ABI of 3.10 has no buffers, so 3.10
has a library of its own.
"""

import re
import shutil
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

EXT = Path("ext")

IS_STABLE = (
    sys.implementation.name == "cpython"
    and sys.version_info >= (3, 11)
    and not sysconfig.get_config_var("Py_GIL_DISABLED")
)

# It parses files of strangers: what a fault in it could be used for is narrowed down. A smashed
# stack or an overrun that the compiler can see the bounds of ends the process.
HARDENED = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
# And no table of function addresses can be written to (ELF; Mach-O has its own such protection).
IS_ELF = sysconfig.get_platform().startswith("linux")  # what is built for, not where
HARDENED_LINK = ["-Wl,-z,relro,-z,now"] if IS_ELF else []


class Build(build):
    """Builds the extension first, so that a list of copies does not hide why it failed."""

    sub_commands = sorted(build.sub_commands, key=lambda command: command[0] != "build_ext")


class BuildExt(build_ext):
    """Builds a library that looks for others only where the system does.

    A Python of one's own often passes its folder on to all that is built with it; on the machine
    where a wheel ends up, that folder may be anybody's.
    """

    def build_extensions(self) -> None:
        """Link without run paths, if there is all that a build needs."""
        self._look_for_tools()
        linker = self.compiler.linker_so
        self.compiler.linker_so = [part for part in linker if not part.startswith("-Wl,-rpath")]
        super().build_extensions()

    def copy_extensions_to_source(self) -> None:
        """Put the library into the tree, where Python prefers one of its own version to it."""
        for extension in self.extensions if IS_STABLE else ():
            path = Path(self.get_ext_fullpath(extension.name))
            own = path.with_name(f"_native{sysconfig.get_config_var('EXT_SUFFIX')}")
            own.unlink(missing_ok=True)
        super().copy_extensions_to_source()

    def _look_for_tools(self) -> None:
        missing = []
        if shutil.which(self.compiler.compiler_so[0]) is None:
            missing.append(f"a C compiler ({self.compiler.compiler_so[0]} is not on the PATH)")
        if not any((Path(folder) / "Python.h").exists() for folder in self.include_dirs):
            missing.append("Python's headers (Python.h)")
        if missing:
            raise SystemExit(
                f"lastword: no wheel fits this Python, and to compile {' and '.join(missing)} is "
                "needed. Install it (Debian, Ubuntu: apt-get install gcc python3-dev; Fedora: dnf "
                "install gcc python3-devel; macOS: xcode-select --install), or use CPython 3.10 or "
                "later on Linux or macOS, x86-64 or ARM64, for which there are wheels."
            )


if sys.platform == "win32":
    raise SystemExit(
        "lastword: Linux or macOS is needed, this is Windows, for which it is not made yet (its "
        "cache uses POSIX file locks). Use the Windows Subsystem for Linux."
    )

native = Extension(
    "lastword.audio._native",
    sources=[(EXT / "_native.pyx").as_posix(), *sorted(p.as_posix() for p in EXT.glob("*.c"))],
    depends=sorted(
        p.as_posix() for pattern in ("*.h", "*.pxd", "*.inc") for p in EXT.glob(pattern)
    ),
    include_dirs=["ext"],
    # Never -march=native or -ffast-math: the same wheel runs on every CPU, and decoding is exact.
    # -g0 against Python's own -g: debug information would be four fifths of the library.
    extra_compile_args=["-O3", "-g0", "-std=gnu11", "-fvisibility=hidden", *HARDENED],
    extra_link_args=HARDENED_LINK,
    py_limited_api=IS_STABLE,
    define_macros=[("Py_LIMITED_API", "0x030B0000")] if IS_STABLE else [],
)

# The links of the README lead into the repository: where it is shown without one, they are words.
readme = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", Path("README.md").read_text("utf-8"))

setup(
    long_description=readme,
    long_description_content_type="text/markdown",
    cmdclass={"build": Build, "build_ext": BuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if IS_STABLE else {},
    ext_modules=cythonize(
        [native],
        build_dir="build/cython",  # keeps the generated C out of ext/
        language_level=3,
        compiler_directives={
            "boundscheck": False,
            "wraparound": False,
            "embedsignature": True,
            "autotestdict": False,  # no `__test__` beside what the stub names
        },
    ),
)
