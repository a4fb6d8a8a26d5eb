"""Builds the one compiled module, `lastword.audio._native`, from `ext/`.

`python setup.py build_ext --inplace` puts the library into `src/lastword/audio/`; everything else
of the package is declared in pyproject.toml. Needs GCC or Clang.
"""

from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

EXT = Path("ext")

native = Extension(
    "lastword.audio._native",
    sources=[(EXT / "_native.pyx").as_posix(), *sorted(p.as_posix() for p in EXT.glob("*.c"))],
    depends=sorted(
        p.as_posix() for pattern in ("*.h", "*.pxd", "*.inc") for p in EXT.glob(pattern)
    ),
    include_dirs=["ext"],
    # Never -march=native or -ffast-math: the same wheel runs on every CPU, and decoding is exact.
    # -g0 against Python's own -g: debug information would be four fifths of the library.
    extra_compile_args=["-O3", "-g0", "-std=gnu11", "-fvisibility=hidden"],
)

setup(
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
