"""The buckets of 1,000,000 readers, by a second hand: murmur3 (x86, 32 bits) over salt, policy id and reader, in UTF-8.

Prints the SHA-256 of all buckets, each as two bytes, the low one first. Nothing but the standard library.
"""
import hashlib
import struct
import sys
from array import array

MASK = 0xFFFFFFFF


def murmur3_32(data: bytes) -> int:
    """As Austin Appleby's MurmurHash3_x86_32 has it, with seed 0."""
    h = 0
    end = len(data) & ~3
    for (k,) in struct.iter_unpack("<I", data[:end]):
        k = k * 0xCC9E2D51 & MASK
        k = (k << 15 | k >> 17) * 0x1B873593 & MASK
        h ^= k
        h = ((h << 13 | h >> 19) & MASK) * 5 + 0xE6546B64 & MASK
    tail = data[end:]
    if tail:
        k = int.from_bytes(tail, "little") * 0xCC9E2D51 & MASK
        h ^= ((k << 15 | k >> 17) & MASK) * 0x1B873593 & MASK
    h ^= len(data)
    h = (h ^ h >> 16) * 0x85EBCA6B & MASK
    h = (h ^ h >> 13) * 0xC2B2AE35 & MASK
    return h ^ h >> 16


def bucket(policy: str, reader: str, salt: str = "") -> int:
    return murmur3_32((salt + policy + reader).encode()) * 10_000 >> 32


def readers(count: int):
    """Names of all lengths modulo four, beyond ASCII too; every third key has a salt. The TypeScript twin makes the same."""
    for index in range(count):
        name = f"bot-{index}" if index % 5 else f"rég–{index}-🜁"
        yield "epa-pm25-limit" if index % 2 else "ozone-limit", name, f"s{index % 97}" if index % 3 == 0 else ""


def main() -> None:
    buckets = array("H", (bucket(*key) for key in readers(int(sys.argv[1]))))
    if sys.byteorder == "big":
        buckets.byteswap()
    print(hashlib.sha256(buckets.tobytes()).hexdigest())


if __name__ == "__main__":
    main()
