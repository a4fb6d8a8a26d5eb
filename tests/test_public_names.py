"""The public names are what `__all__` says, and importing the package stays cheap."""

import subprocess
import sys

import pytest

import lastword


@pytest.mark.parametrize("name", lastword.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    """Each name of `__all__` resolves to an object."""
    assert getattr(lastword, name) is not None


def test_all_is_the_table_of_modules() -> None:
    """`__all__` and the table of owning modules name the same things."""
    assert set(lastword.__all__) == set(lastword._MODULES)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A wrong name fails as on any module."""
    with pytest.raises(AttributeError, match="nonsense"):
        lastword.nonsense  # noqa: B018 - the access is the test


def test_importing_lastword_imports_no_livekit() -> None:
    """`import lastword` brings in neither livekit-agents nor numpy nor the compiled module."""
    code = (
        "import sys, lastword; "
        "bad = [m for m in sys.modules if m.split('.')[0] in ('livekit', 'numpy', 'soundfile')]; "
        "sys.exit(repr(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
