"""Runs inside an empty venv, outside the tree: the installed wheel decodes a clip into frames."""

import sys
from pathlib import Path

import lastword.testing

source = Path(sys.argv[1]).resolve()
where = Path(lastword.__file__).resolve()
assert source not in where.parents, f"imported from the source tree: {where}"

clip = lastword.bundled()
frames = clip.frames()
assert len(frames) > 20, len(frames)
assert all(len(f.data) == 1200 for f in frames)
package = where.parent
assert (package / "py.typed").exists()
assert (package / "audio" / "_native.pyi").exists()
assert not list(package.rglob("*.c")), "C sources in the wheel"
assert len(lastword.bundled_languages()) >= 12
assert lastword.testing.failures("openai")["llm-invalid-api-key"].terminal
print(f"wheel ok: {len(frames)} frames of {clip.transcript!r}")
