"""The pure Python twin of ext/digest.c: NH over blocks of 1 KiB, then SipHash-1-3 of 128 bits."""

import struct

BLOCK = 1024
MASK = 2**64 - 1


def rotate(x: int, bits: int) -> int:
    """Rotate 64 bits to the left."""
    return (x << bits | x >> (64 - bits)) & MASK


class Sip:
    """SipHash-1-3."""

    def __init__(self, key: bytes) -> None:
        k0, k1 = struct.unpack("<QQ", key)
        start = struct.unpack(">4Q", b"somepseudorandomlygeneratedbytes")
        self.v: list[int] = [k0 ^ start[0], k1 ^ start[1] ^ 0xEE, k0 ^ start[2], k1 ^ start[3]]

    def rounds(self, count: int) -> int:
        """Stir; the result is what a finished hash would give."""
        a, b, c, d = self.v
        for _ in range(count):
            a, c = (a + b) & MASK, (c + d) & MASK
            b, d = rotate(b, 13) ^ a, rotate(d, 16) ^ c
            a = rotate(a, 32)
            c, a = (c + b) & MASK, (a + d) & MASK
            b, d = rotate(b, 17) ^ c, rotate(d, 21) ^ a
            c = rotate(c, 32)
        self.v = [a, b, c, d]
        return a ^ b ^ c ^ d

    def absorb(self, word: int) -> None:
        """Take in 64 bits."""
        self.v[3] ^= word
        self.rounds(1)
        self.v[0] ^= word


def nh(block: bytes, key: bytes) -> int:
    """Fold a block into 128 bits."""
    words, keys = struct.unpack("<128Q", block), struct.unpack("<128Q", key)
    sums = [(word + k) & MASK for word, k in zip(words, keys, strict=True)]
    total: int = sum(a * b for a, b in zip(sums[::2], sums[1::2], strict=True))
    return total % 2**128


def digest(data: bytes, key: bytes) -> bytes:
    """Name a content."""
    sip = Sip(key[BLOCK:])
    sip.absorb(len(data))
    while len(data) >= BLOCK:
        folded = nh(data[:BLOCK], key[:BLOCK])
        sip.absorb(folded & MASK)
        sip.absorb(folded >> 64)
        data = data[BLOCK:]
    for at in range(0, len(data) // 8 * 8, 8):
        sip.absorb(struct.unpack_from("<Q", data, at)[0])
    sip.absorb(int.from_bytes(data[len(data) // 8 * 8 :], "little"))
    sip.v[2] ^= 0xEE
    first = sip.rounds(3)
    sip.v[1] ^= 0xDD
    return struct.pack("<QQ", first, sip.rounds(3))
