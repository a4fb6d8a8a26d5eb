#!/usr/bin/env bash
# Builds sdist and wheel (the wheel from the sdist), looks into both, and uses the wheel elsewhere.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
python=$1
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

# from the files git knows, so that nothing built before can slip in
git -C "$root" archive HEAD | tar -x -C "$(mkdir -p "$out/tree" && echo "$out/tree")"
"$python" -m build --outdir "$out/dist" "$out/tree" > "$out/build.log" 2>&1 || { tail -50 "$out/build.log"; exit 1; }

sdist=$(ls "$out"/dist/*.tar.gz)
wheel=$(ls "$out"/dist/*.whl)
tar -tzf "$sdist" > "$out/sdist.txt"
for wanted in ext/_native.pyx ext/riff.c setup.py LICENSE src/lastword/py.typed; do
  grep -q "/$wanted\$" "$out/sdist.txt" || { echo "the sdist lacks $wanted"; exit 1; }
done
if grep -q '/build/\|_native\.c$' "$out/sdist.txt"; then echo "the sdist has build files"; exit 1; fi

"$python" -m venv "$out/venv"
"$out/venv/bin/pip" install --quiet --disable-pip-version-check "$wheel"
cd "$out"
"$out/venv/bin/python" "$root/tests/packaging/check_wheel.py" "$root"
ls -l "$wheel" | awk '{printf "wheel: %.2f MB\n", $5 / 1e6}'
