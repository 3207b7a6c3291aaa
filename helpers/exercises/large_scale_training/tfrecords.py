"""Exercises of `4_2_tfrecords.ipynb`."""

from helpers.exercises.core import Exercise, call, differ


def _examine_masked(answer) -> str | None:
    for crc in (0, 1, 0xE3069283, 0x12345678, 0xFFFFFFFF):
        turned = (crc >> 15 | crc << 17) & 0xFFFFFFFF
        expected, got = (turned + 0xA282EAD8) % 2**32, call(answer, crc)
        if got == expected:
            continue
        reason = ""
        if got == (crc >> 15 | crc << 17) + 0xA282EAD8 or got == turned + 0xA282EAD8:
            reason = " Only the lowest 32 bits stay: take the remainder by 2**32."
        elif got == turned:
            reason = " The constant 0xA282EAD8 is missing."
        elif got == ((crc << 15 | crc >> 17) + 0xA282EAD8) % 2**32:
            reason = " It is turned the wrong way: right by 15 bits."
        elif got == ((crc >> 15) + 0xA282EAD8) % 2**32:
            reason = " The 15 bits that fall off on the right come in again on the left."
        return differ(f"mask of {crc:#x}", got, expected) + reason
    return None


masked = Exercise(
    title="Mask a checksum",
    examine=_examine_masked,
    hints=(
        "Turning right by 15 bits: what falls off on the right comes in on the left, 17 places up.",
        "crc >> 15 | crc << 17 does the turn; then add 0xA282EAD8.",
        "Keep 32 bits: % 2**32.",
    ),
    starter="def masked(crc):\n    return ...\n",
    solution_source="""
def masked(crc):
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


answer = masked
""",
)


def _examine_read_varint(answer) -> str | None:
    cases = ((b"\x01", 1, 1), (b"\x7f\x01", 127, 1), (b"\xac\x02\x05", 300, 2), (b"\x80\x80\x01", 16384, 3))
    for content, number, used in cases:
        got = call(answer, content)
        if not (isinstance(got, (tuple, list)) and len(got) == 2):
            return f"the function must return two numbers, the value and how many bytes it took. It returned {got!r}."
        if tuple(got) == (number, used):
            continue
        groups = [byte & 0x7F for byte in content[:used]]
        high_first = sum(group << 7 * place for place, group in enumerate(reversed(groups)))
        reason = ""
        if got[0] == high_first and got[1] == used:
            reason = " The first byte holds the lowest seven bits."
        elif got[0] == number:
            reason = " Count the bytes up to the first one whose top bit is 0."
        elif got[1] == len(content) != used:
            reason = " Stop after the first byte below 128: what follows belongs to the next value."
        elif got[0] == sum(byte << 7 * place for place, byte in enumerate(content[:used])):
            reason = " The top bit of a byte is no part of the number."
        return differ(f"varint {content.hex(' ')}", list(got), [number, used]) + reason
    return None


read_varint = Exercise(
    title="Read a varint",
    examine=_examine_read_varint,
    hints=(
        "Walk over the bytes, and stop after the first one below 128.",
        "byte % 128 are the seven bits; the first byte holds the lowest ones.",
        "Add byte % 128 * 128**place for place 0, 1, 2 ...",
    ),
    starter="def read_varint(content):\n    return ...\n",
    solution_source="""
def read_varint(content):
    number = 0
    for place, byte in enumerate(content):
        number += byte % 128 * 128**place
        if byte < 128:
            return number, place + 1


answer = read_varint
""",
)


def _examine_number_of_shards(answer) -> str | None:
    for total, most, machines in ((1000, 100, 5), (1001, 100, 5), (90, 100, 4), (10_500, 1000, 8)):
        needed = -(-total // most)
        expected, got = -(-needed // machines) * machines, call(answer, total, most, machines)
        if got == expected:
            continue
        reason = ""
        if got == needed:
            reason = f" {got} shards cannot be dealt out evenly to {machines} machines."
        elif got == total // most or got == total // most // machines * machines:
            reason = " Then a shard would be too large: round up."
        elif got == -(-total // (most * machines)):
            reason = " That is the number for each machine."
        elif isinstance(got, int) and got > expected and got % machines == 0:
            reason = " That is more than is needed."
        return differ(f"shards for {total} bytes, at most {most} each, {machines} machines", got, expected) + reason
    return None


number_of_shards = Exercise(
    title="Number of shards",
    examine=_examine_number_of_shards,
    hints=(
        "How many shards are needed so that none is larger than `most`? Round up.",
        "Then round up again, to the next multiple of `machines`.",
        "-(-a // b) divides whole numbers and rounds up.",
    ),
    starter="def number_of_shards(total_bytes, most, machines):\n    return ...\n",
    solution_source="""
def number_of_shards(total_bytes, most, machines):
    needed = -(-total_bytes // most)
    return -(-needed // machines) * machines


answer = number_of_shards
""",
)
