"""The public names are what `__all__` says, and importing the package stays cheap."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import lastword.testing

PACKAGES = [lastword, lastword.testing]


def succeeds(code: str) -> None:
    """Run code in a fresh process, and assert that it exits with 0."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package in PACKAGES for name in package.__all__]
)
def test_every_public_name_can_be_had(package: ModuleType, name: str) -> None:
    """Each name of `__all__` resolves to an object."""
    assert getattr(package, name) is not None
    assert name in dir(package)


@pytest.mark.parametrize("package", PACKAGES)
def test_all_is_the_table_of_modules(package: ModuleType) -> None:
    """`__all__` and the table of owning modules name the same things."""
    assert set(package.__all__) == set(package._MODULES)


@pytest.mark.parametrize(
    ("package", "kept"), [(lastword, {"sentinel"}), (lastword.testing, set[str]())]
)
def test_no_name_is_that_of_a_module(package: ModuleType, kept: set[str]) -> None:
    """Importing the module would put it in the place of the name, unless that is kept."""
    modules = {path.stem for path in Path(str(package.__file__)).parent.iterdir()}
    assert modules & {*package.__all__} == kept


def test_a_kept_name_stays_what_it_is() -> None:
    """`lastword.sentinel` is the function, before and after its namesake is imported."""
    code = (
        "import lastword; before = lastword.sentinel; import lastword.sentinel.states; "
        "from lastword import sentinel; from lastword.sentinel.states import State; "
        "import sys; sys.exit(not (callable(before) and before is sentinel is lastword.sentinel))"
    )
    succeeds(code)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_unknown_name_is_an_attribute_error(package: ModuleType) -> None:
    """A wrong name fails as on any module."""
    with pytest.raises(AttributeError, match="nonsense"):
        package.nonsense  # noqa: B018 - the access is the test


def test_importing_lastword_imports_no_livekit() -> None:
    """`import lastword` brings in neither livekit-agents nor numpy nor the compiled module."""
    code = (
        "import sys, lastword, lastword.testing; "
        "bad = [m for m in sys.modules if m.split('.')[0] in ('livekit', 'numpy', 'soundfile')]; "
        "sys.exit(repr(bad) if bad else 0)"
    )
    succeeds(code)
