"""The compiled module, which parses files of strangers, is built so that a fault gains little."""

import sys
from pathlib import Path

import pytest

from audio.elf import (
    DF_BIND_NOW,
    DT_FLAGS,
    DT_RPATH,
    DT_RUNPATH,
    PF_EXECUTE,
    PT_GNU_RELRO,
    PT_GNU_STACK,
    Library,
)
from lastword.audio import _native

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads ELF files")


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(Path(_native.__file__).read_bytes())


def test_a_smashed_stack_and_an_overrun_end_the_process(library: Library) -> None:
    assert "__stack_chk_fail" in library.names
    assert any(name.endswith("_chk") for name in library.names)  # _FORTIFY_SOURCE's, as of snprintf


def test_no_table_of_functions_can_be_written_to(library: Library) -> None:
    assert PT_GNU_RELRO in library.segments
    assert library.dynamic[DT_FLAGS] & DF_BIND_NOW
    assert not library.segments[PT_GNU_STACK].flags & PF_EXECUTE


def test_nothing_is_looked_for_in_folders_of_the_building_machine(library: Library) -> None:
    assert not {DT_RPATH, DT_RUNPATH} & library.dynamic.keys()
