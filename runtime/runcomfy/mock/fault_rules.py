"""Which fault applies to which request: rules, request headers, and random chaos."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import RLock

from .faults import FAULTS, Fault, find_fault
from .request_log import ACTIONS, Action, Asked, check_actions

__all__ = ["HEADER", "FaultBook", "Rule", "read_rule"]

#: A request with this header brings its own fault: ``NAME[:ACTION[:TIMES]]``.
HEADER = "x-mock-fault"


@dataclass(slots=True, eq=False)
class Rule:
    """One fault, the requests it matches, and how often it applies. ``hits`` counts its uses.

    ``times`` is ``None`` for always. ``request_id``, ``model_id`` and ``where`` narrow it down.
    """

    fault: Fault
    on: tuple[Action, ...]
    times: int | None = 1
    request_id: str | None = None
    model_id: str | None = None
    where: Callable[[Asked], bool] | None = None
    hits: int = 0

    @property
    def over(self) -> bool:
        """Whether it has struck as often as it was to."""
        return self.times is not None and self.hits >= self.times

    def fits(self, asked: Asked) -> bool:
        """Whether it is for this request."""
        return (
            not self.over
            and asked.action in self.on
            and self.request_id in (None, asked.request_id)
            and self.model_id in (None, asked.model_id)
            and (self.where is None or self.where(asked))
        )


@dataclass(frozen=True, slots=True)
class Chaos:
    """Random faults: each request gets one of ``faults`` with probability ``rate``."""

    rate: float
    chance: random.Random
    faults: tuple[Fault, ...]
    on: tuple[Action, ...]

    def choose(self, asked: Asked) -> Fault | None:
        if asked.action not in self.on or self.chance.random() >= self.rate:
            return None
        fitting = [fault for fault in self.faults if asked.action in fault.on]
        return self.chance.choice(fitting) if fitting else None


class FaultBook:
    """All rules of a service in order of creation; the first that matches applies."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._rules: list[Rule] = []
        self._chaos: Chaos | None = None

    def add(self, rule: Rule) -> Rule:
        """Add a rule behind the others."""
        with self._lock:
            self._rules.append(rule)
        return rule

    def let_chaos(
        self, rate: float, seed: int, names: Iterable[str] | None, on: Iterable[Action]
    ) -> None:
        """A random fault, if no rule matches."""
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be a probability from 0 to 1, got {rate}")
        if isinstance(names, str) or isinstance(on, str):
            raise ValueError('faults and on are lists: faults=["http_503"], on=["status"]')
        on = tuple(on)
        check_actions(on)
        faults = (
            [fault for fault in FAULTS.values() if not fault.lasting]
            if names is None
            else [find_fault(name) for name in names]
        )
        with self._lock:
            # Seeded on purpose: the same calls in the same order are struck in the same way.
            chance = random.Random(seed)  # noqa: S311  # no secret is made with it
            self._chaos = Chaos(rate, chance, tuple(faults), on)

    def clear(self) -> None:
        """Forget all rules."""
        with self._lock:
            self._rules.clear()
            self._chaos = None

    def choose(self, asked: Asked) -> Fault | None:
        """The fault for this request, which counts as a hit."""
        with self._lock:
            if asked.headers.get(HEADER):
                self._take_header(asked, asked.headers[HEADER])
            for rule in self._rules:
                # A refused connection has no request; next_refusal handles these rules.
                if not rule.fault.refuses and rule.fits(asked):
                    rule.hits += 1
                    if rule.over:
                        self._rules.remove(rule)
                    return rule.fault
            return self._chaos.choose(asked) if self._chaos else None

    def next_refusal(self, due: Callable[[Action], bool]) -> Rule | None:
        """The first rule that closes the port and whose action may come next."""
        with self._lock:
            for rule in self._rules:
                if rule.fault.refuses and not rule.over and any(map(due, rule.on)):
                    return rule
            return None

    def _take_header(self, asked: Asked, text: str) -> None:
        for one in text.split(","):
            try:
                rule = read_rule(one)
            except ValueError:
                continue  # the service is not there to complain about the header
            later = asked.request_id is None and asked.action not in rule.on
            if asked.action == "submit" and later:
                rule.where = _belongs_to(asked)
            else:
                rule.where = _is(asked)
            self._rules.insert(0, rule)


def _is(this: Asked) -> Callable[[Asked], bool]:
    return lambda asked: asked is this


def _belongs_to(submit: Asked) -> Callable[[Asked], bool]:
    """Whether a request is about what this submit brought."""
    return lambda asked: asked.request_id is not None and asked.request_id == submit.request_id


def read_rule(text: str) -> Rule:
    """Parse a rule ``NAME[:ACTION[:TIMES]]``; TIMES is a number or ``always``.

    >>> read_rule("http_503:status:2").times
    2
    """
    name, _, rest = text.strip().partition(":")
    action, _, times = rest.partition(":")
    fault = find_fault(name)
    try:
        count = None if times == "always" else int(times or 1)
    except ValueError:
        raise ValueError(f"{text!r}: the number of times must be a number or 'always'") from None
    return make_rule(fault, action or None, count)


def make_rule(fault: Fault, on: str | None, times: int | None) -> Rule:
    """A rule, if the fault makes sense for the action; raises ``ValueError``."""
    if on is not None and on not in fault.on:
        known = "an action" if on in ACTIONS else f"an action; actions are {', '.join(ACTIONS)}"
        allowed = ", ".join(fault.on)
        raise ValueError(f"the fault {fault.name!r} is for {allowed}; {on!r} is not such {known}")
    if times is not None and times < 1:
        raise ValueError(f"times must be at least 1, or None for always; got {times}")
    return Rule(fault, tuple(action for action in fault.on if on in (None, action)), times)
