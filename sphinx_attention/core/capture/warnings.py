"""Warnings about the store. They do not stop a build."""

from __future__ import annotations

from dataclasses import dataclass

from sphinx_attention.core.errors import Problem


@dataclass(frozen=True)
class StoreWarning:
    """A problem with the store that does not keep a figure from its page.

    Attributes:
        problem: the subtype of the warning.
        message: what is wrong, and what was done about it.
        key: the key of the first request with this problem; None for a problem of the whole store.
    """

    problem: Problem
    message: str
    key: str | None = None


class StoreWarnings:
    """Collects the problems with the entries of a store.

    Attributes:
        damaged: by key, the place of a damaged entry and what is wrong with it.
        unwritten: by message, the first key that could not be written.
    """

    def __init__(self) -> None:
        self.damaged: dict[str, str] = {}
        self.unwritten: dict[str, str] = {}
        self._newer: dict[str, str] = {}
        self._newer_told: set[str] = set()

    def note_newer(self, key: str, what: str) -> None:
        """Note an entry that a newer version of this package wrote.

        Such an entry is found twice: when it is read, and when the new answer would replace it.
        """
        if key not in self._newer_told:
            self._newer_told.add(key)
            self._newer[key] = what

    def drain(self, *, frozen: bool) -> list[StoreWarning]:
        """The warnings since the last call.

        Args:
            frozen: whether the build computes nothing.
        """
        done = "left as it is" if frozen else "computed again"
        damaged = sorted(self.damaged.items())
        found = [StoreWarning(Problem.STORE, f"{why}; {done}", key) for key, why in damaged]
        if self._newer:
            key, why = min(self._newer.items())
            others = len(self._newer) - 1
            also = f", as are {others} more" if others else ""
            done = "" if frozen else "; computed again, for this build alone"
            found.append(StoreWarning(Problem.STORE, f"{why}; left as it is{also}{done}", key))
        unwritten = self.unwritten.items()
        found += [StoreWarning(Problem.STORE, message, key) for message, key in unwritten]
        self.damaged, self.unwritten, self._newer = {}, {}, {}
        return found
