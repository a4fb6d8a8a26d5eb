"""The pure Python twin of ext/pcm.c: decodes, mixes and cuts samples one by one."""

import struct
from fractions import Fraction

FORMATS = {"s16": "<h", "s32": "<i", "f32": "<f", "f64": "<d"}
SIZES = {"u8": 1, "s16": 2, "s24": 3, "s32": 4, "f32": 4, "f64": 8, "alaw": 1, "mulaw": 1}


def f32(value: float) -> float:
    """Round to the nearest float32; beyond its range, to infinity as a CPU does."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def decode(data: bytes, encoding: str) -> list[float]:
    """Decode all samples to float32 values."""
    size = SIZES[encoding]
    return [decode_one(data[i : i + size], encoding) for i in range(0, len(data), size)]


def decode_one(code: bytes, encoding: str) -> float:
    """Decode one sample."""
    if encoding == "u8":
        return (code[0] - 128) / 128
    if encoding == "s24":
        return int.from_bytes(code, "little", signed=True) / 2**23
    if encoding == "alaw":
        return alaw(code[0]) / 32768
    if encoding == "mulaw":
        return mulaw(code[0]) / 32768
    value = struct.unpack(FORMATS[encoding], code)[0]
    return f32(value / {"s16": 2**15, "s32": 2**31}.get(encoding, 1))


def alaw(code: int) -> int:
    """G.711 A-law: the middle of the step, in steps of 16 bits (13 bits, shifted by 3)."""
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 15
    low = step * 2 if segment == 0 else (step * 2 + 32) << (segment - 1)
    width = 2 if segment == 0 else 2 << (segment - 1)
    magnitude = (low + width // 2) * 8
    return magnitude if code & 0x80 else -magnitude


def mulaw(code: int) -> int:
    """G.711 mu-law: 14 bits, shifted by 2; the bias is 33."""
    code ^= 0xFF
    segment, step = code >> 4 & 7, code & 15
    magnitude = (((step * 2 + 33) << segment) - 33) * 4
    return -magnitude if code & 0x80 else magnitude


def to_int16(value: float) -> int:
    """Give x * 32768, half to even, saturated."""
    return max(-32768, min(32767, round(Fraction(value) * 32768)))


def cut(
    samples: list[list[float]], num_channels: int, samples_per_channel: int
) -> tuple[list[bytes], int]:
    """Cut rows of float samples into frames of int16; also count those beyond full scale."""
    clipped = sum(abs(value) > 1 for row in samples for value in row)
    rows = [[to_int16(value) for value in row] for row in samples]
    flat = [v for row in rows for v in (row if len(row) == num_channels else row * num_channels)]
    length = num_channels * samples_per_channel
    flat += [0] * (-len(flat) % length)
    frames = [flat[i : i + length] for i in range(0, len(flat), length)]
    return [struct.pack(f"<{length}h", *frame) for frame in frames], clipped
