"""JSON texts for payloads, spelled in every way that a writer of JSON may choose, and in some that none should."""

from __future__ import annotations

import json
from random import Random
from typing import Any

__all__ = ["spelled"]

_NUMBERS = (
    "0 -0 1 1.0 1e0 10E-1 true 5.0 0.5 4.02 1e2 1e400 -1e400 NaN Infinity 01 9007199254740991 9007199254740992"
    " 9007199254740993 -9007199254740993 9223372036854775807 9223372036854775808 18446744073709551616"
    " 9007199254740993.0 1e308 1e-400 123456789012345678901234567890"
).split()
_TEXTS = (
    r'"" "\ud800" "\ud83d\ude00" "\u0000" "\x" "https:" "https://x/y" "https;" "http://x" "HTTPS://x"'
    r' "data:," "\u0068ttps://x" "5" "null"'
).split()


def spelled(payload: object, seed: int) -> str | bytes:
    """A line for the payload, as text or bytes; with faults now and then."""
    chance = Random(seed)  # noqa: S311  # the same line for the same seed, nothing secret
    text = _value(payload, chance)
    if chance.random() < 0.1:
        text = chance.choice(["\ufeff", " ", "\t", "\f", ""]) + text
    if chance.random() < 0.1:
        text += chance.choice(["\n", "\r\n", " ", " {}", ",", "\u00a0", "\x00"])
    if chance.random() < 0.05:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(['"', "{", "]", "\\", "\x01", "é", "\ud800"]) + text[at:]
    if chance.random() < 0.5:
        return text
    raw = text.encode("utf-8", "surrogatepass")
    return raw if chance.random() < 0.95 else raw.replace(b"e", b"\xff", 1)


def _value(value: Any, chance: Random) -> str:
    space = chance.choice(["", "", "", " ", "\t"])
    if isinstance(value, dict):
        members = [f"{_text(k, chance)}:{space}{_value(v, chance)}" for k, v in value.items()]
        if members and chance.random() < 0.1:  # the last one of a name counts
            name = _text(chance.choice([*value]), chance)
            other = chance.choice([*_NUMBERS, *_TEXTS, "[]", "null"])
            members.insert(chance.randrange(len(members) + 1), f"{name}:{other}")
        return "{" + f",{space}".join(members) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(_value(item, chance) for item in value) + "]"
    if chance.random() < 0.05:
        return chance.choice([*_NUMBERS, *_TEXTS, "[" * 250 + "]" * 250, "{}", "[[]]"])
    if isinstance(value, str):
        return _text(value, chance)
    if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.2:
        return chance.choice([f"{value}.0", f"{value}e0", f"{value}0E-1"])
    return json.dumps(value)


def _text(text: str, chance: Random) -> str:
    if text and chance.random() < 0.1:
        escaped = "".join(f"\\u{ord(c):04x}" if ord(c) < 2**16 else c for c in text)
        return f'"{escaped}"'
    return json.dumps(text, ensure_ascii=chance.random() < 0.5)
