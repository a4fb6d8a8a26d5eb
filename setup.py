"""Builds the one compiled module, `lastword.audio._native`, from `ext/`.

`python setup.py build_ext --inplace` puts the library into `src/lastword/audio/`; everything else
of the package is declared in pyproject.toml. Needs GCC or Clang.
"""

import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

EXT = Path("ext")

# It parses files of strangers: what a fault in it could be used for is narrowed down. A smashed
# stack or an overrun that the compiler can see the bounds of ends the process.
HARDENED = ["-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"]
# And no table of function addresses can be written to (ELF; Mach-O has its own such protection).
HARDENED_LINK = ["-Wl,-z,relro,-z,now"] if sys.platform == "linux" else []


class BuildExt(build_ext):
    """Builds a library that looks for others only where the system does.

    A Python of one's own often passes its folder on to all that is built with it; on the machine
    where a wheel ends up, that folder may be anybody's.
    """

    def build_extensions(self) -> None:
        """Link without run paths."""
        linker = self.compiler.linker_so
        self.compiler.linker_so = [part for part in linker if not part.startswith("-Wl,-rpath")]
        super().build_extensions()


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
)

setup(
    cmdclass={"build_ext": BuildExt},
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
