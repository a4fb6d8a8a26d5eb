"""What jobs tell is read as it was written, and whatever else comes is refused."""

import asyncio
import json
import struct

import pytest

from lastword import hand_over, hang_up, leave, transfer_to
from lastword.sentinel.actions import action_of, written
from lastword.sentinel.order import Order, pack_order, read_order
from lastword.sentinel.wire import (
    MAX_SOUND_BYTES,
    Call,
    Lines,
    Sound,
    WireError,
    pack,
    read,
)

LINES = Lines(
    Sound(b"\x01\x02" * 24000, "Sorry.", "own_voice"),
    Sound(b"\x03\x04" * 100),
    None,
    {"name": "hang_up", "delete_room": False, "tail_s": None},
    tell=False,
)
HISTORY = [{"type": "message", "role": "user", "content": ["Hello?"]}]
CALL = Call("ws://host", "token", "room", "agent", "caller", 17, LINES, "helpdesk", "{}", HISTORY)


async def read_back(told: bytes) -> Call:
    reader = asyncio.StreamReader()
    reader.feed_data(told)
    reader.feed_eof()
    return await read(reader)


async def test_a_call_is_read_as_it_was_told() -> None:
    assert await read_back(pack(CALL)) == CALL


async def test_an_order_is_read_as_it_was_told() -> None:
    order = Order("@name", {"LIVEKIT_API_SECRET": "s"}, "module:function", LINES)
    reader = asyncio.StreamReader()
    reader.feed_data(pack_order(order))
    assert await read_order(reader) == order


def test_a_message_of_more_than_a_minute_is_refused() -> None:
    long = Lines(Sound(bytes(MAX_SOUND_BYTES + 2)))
    with pytest.raises(WireError, match=r"at most 60 s .* got 60\.0 s"):
        pack(Call("u", "t", "r", "a", None, 1, long))


def header(**fields: object) -> bytes:
    text = json.dumps(fields).encode()
    return struct.pack(">8sI", b"lastword", len(text)) + text


@pytest.mark.parametrize(
    "told",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x00" * 4096,
        struct.pack(">8sI", b"lastword", 2**31),
        struct.pack(">8sI", b"lastword", 4) + b"[[[[",
        header(),
        header(sounds=[], after=None, tell=True),
        header(sounds={}, after=None, tell=True),
        header(sounds={"first": {"bytes": 10**9}}, after=None, tell=True),
        header(sounds={"first": {"bytes": -1}}, after=None, tell=True),
        header(sounds={"other": {"bytes": 1}}, after=None, tell=True),
        header(sounds={"first": 7}, after=None, tell=True),
        header(
            url=1, token=2, room=3, agent=4, caller=5, thread=6, sounds={}, after=None, tell=True
        ),
    ],
)
async def test_garbage_is_no_call(told: bytes) -> None:
    with pytest.raises(WireError):
        await read_back(told)


async def test_an_end_in_the_middle_is_no_call() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await read_back(pack(CALL)[:-1])


@pytest.mark.parametrize(
    "action",
    [
        None,
        leave(),
        hang_up(),
        hang_up(delete_room=True, tail_s=2.0),
        transfer_to("+4930123456", ringing_timeout_s=12.0),
        transfer_to("sip:desk@example.com"),
    ],
)
def test_an_action_is_read_as_it_was_written(action: object) -> None:
    told = written(action)  # type: ignore[arg-type] # an After or None
    assert action_of(json.loads(json.dumps(told)), CALL) == action


def test_a_call_is_handed_over_to_its_own_agent_unless_another_is_named() -> None:
    assert action_of(written(hand_over()), CALL) == hand_over("helpdesk", metadata="{}")
    other = hand_over("desk", metadata="m", history=False, wait_s=3.0)
    assert action_of(written(other), CALL) == other


@pytest.mark.parametrize(
    "told", [{}, {"name": "rm"}, {"name": "hang_up", "other": 1}, {"name": "transfer_to"}]
)
def test_an_action_that_is_none_is_refused(told: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected an after-action"):
        action_of(told, CALL)
