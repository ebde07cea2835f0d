"""Prime numbers out of a seed: one seed always gives the same key, so that a render can be repeated."""

import hashlib
from functools import lru_cache
from typing import Final

PUBLIC_EXPONENT: Final = 65537
_ROUNDS: Final = 4


def _small_primes(limit: int) -> tuple[int, ...]:
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return tuple(number for number in range(limit) if sieve[number])


_SMALL: Final = _small_primes(30_000)[1:]


class Stream:
    """An endless stream of bits out of a seed."""

    def __init__(self, seed: bytes) -> None:
        self.seed = seed
        self.blocks = 0

    def bits(self, count: int) -> int:
        """The next number of so many bits."""
        length = (count + 7) // 8
        self.blocks += 1
        data = hashlib.shake_256(self.seed + self.blocks.to_bytes(8, "big")).digest(length)
        return int.from_bytes(data, "big") >> (length * 8 - count)


def is_prime(number: int, stream: Stream) -> bool:
    """Miller and Rabin's test of an odd number without small factors, with random bases."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd //= 2
        twos += 1
    for attempt in range(_ROUNDS + 1):
        base = 2 if attempt == 0 else stream.bits(64) | 2
        power = pow(base, odd, number)
        if power in {1, number - 1}:
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def _sieve(start: int, size: int) -> bytearray:
    """Which of so many odd numbers, from an odd one on, have a small factor."""
    composite = bytearray(size)
    for small in _SMALL:
        # The first multiple at start + 2 * place.
        place = -start * ((small + 1) >> 1) % small
        if place < size:
            composite[place::small] = b"\1" * ((size - place - 1) // small + 1)
    return composite


def prime(stream: Stream, bits: int) -> int:
    """A prime of so many bits, the two highest of them set."""
    while True:
        start = stream.bits(bits) | 3 << (bits - 2) | 1
        composite = _sieve(start, 4 * bits)
        for offset in range(0, 8 * bits, 2):
            if composite[offset >> 1]:
                continue
            candidate = start + offset
            if candidate.bit_length() == bits and is_prime(candidate, stream):
                return candidate


@lru_cache(maxsize=256)
def rsa_primes(seed: bytes, bits: int) -> tuple[int, int]:
    """The two primes of an RSA key of so many bits, the larger first."""
    stream = Stream(seed)
    while True:
        one, two = prime(stream, bits // 2), prime(stream, bits // 2)
        if one != two and (one - 1) % PUBLIC_EXPONENT and (two - 1) % PUBLIC_EXPONENT:
            return max(one, two), min(one, two)


@lru_cache(maxsize=16)
def dsa_parameters(seed: bytes) -> tuple[int, int, int]:
    """p, q and g of DSA with 2048 and 256 bits."""
    stream = Stream(seed)
    q = prime(stream, 256)
    while True:
        candidate = stream.bits(2048) | 1 << 2047
        p = candidate - candidate % (2 * q) + 1
        if p.bit_length() == 2048 and all(p % small for small in _SMALL) and is_prime(p, stream):
            break
    base = 2
    while pow(base, (p - 1) // q, p) == 1:
        base += 1
    return p, q, pow(base, (p - 1) // q, p)
