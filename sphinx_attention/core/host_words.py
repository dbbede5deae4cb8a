"""The names of options and settings in messages, in the words of the host that shows them.

Core writes a message once, with marks in the place of such names: `option`, `named`, `setting` and
the other functions here return marks. The host's words replace the marks when the message is read
(`in_words`). So an error from another process, or from a file, has the words of the host that shows
it.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Unicode reserves these two characters for use within programs, so no shown text may hold them.
_OPEN, _CLOSE = "\ufdd0", "\ufdd1"
_MARK = re.compile(f"{_OPEN}([a-z_]+):([^{_OPEN}{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True)
class HostWords:
    """The words of a host. In each of them, ``{}`` stands for a name.

    Attributes:
        prefix: the beginning of the names of settings, such as ``attention_``; None if the host has
            no settings with names of their own.
        file: the file that holds the settings, such as ``conf.py``; empty if there is none.
        option: an option within a sentence.
        named: the name of an option alone, after ``invalid value 5 for``.
        own: options that have their own words: by name, the texts for `option` and `named`.
        noun: the host's noun for an option.
        numbers: what to do to give a figure its numbers.
        flag: the expected value of an option that takes no value.
    """

    prefix: str | None = None
    file: str = ""
    option: str = "the option {}"
    named: str = "{}"
    own: Mapping[str, str] = field(default_factory=dict)
    noun: str = "option"
    numbers: str = "give the numbers themselves, or a file of them with the option matrix"
    flag: str = "expected no value: write the option alone, or remove it"


_of_process = HostWords()
_of_context: ContextVar[HostWords | None] = ContextVar("words", default=None)


def use_words(words: HostWords) -> None:
    """Use the words of a host from here on, in this process."""
    global _of_process  # noqa: PLW0603 - one host runs in a process
    _of_process = words


@contextmanager
def using(words: HostWords) -> Iterator[None]:
    """Use the words of a host until the block ends."""
    token = _of_context.set(words)
    try:
        yield
    finally:
        _of_context.reset(token)


def current_words() -> HostWords:
    """The words of the current host."""
    return _of_context.get() or _of_process


def option(name: str) -> str:
    """An option within a sentence: ``the option layer``."""
    return _mark("option", name)


def named(name: str) -> str:
    """The name of an option alone, for ``invalid value 5 for layer``."""
    return _mark("named", name)


def noun() -> str:
    """The host's noun for an option."""
    return _mark("noun")


def give_numbers() -> str:
    """An instruction to give a figure its numbers."""
    return _mark("numbers")


def expected_of_flag() -> str:
    """The expected value of an option that takes no value."""
    return _mark("flag")


def setting(name: str) -> str:
    """A setting: ``attention_model`` in Sphinx, else ``the setting model``."""
    return _mark("setting", name)


def in_settings() -> str:
    """The place of settings, to follow the name of one: `` in conf.py``, or nothing."""
    return _mark("in_settings")


def settings_file() -> str:
    """The file of the settings, or its replacement in a message."""
    return _mark("settings_file")


def in_words(message: str, words: HostWords | None = None) -> str:
    """A message with a host's words in the place of its marks.

    Args:
        message: the message as core wrote it.
        words: the words of a host; None takes those of the current host.
    """
    if _OPEN not in message:
        return message
    host = words or current_words()
    return _MARK.sub(lambda mark: _words_for(mark[1], mark[2], host), message)


def _mark(kind: str, name: str = "") -> str:
    return f"{_OPEN}{kind}:{name}{_CLOSE}"


def _words_for(kind: str, name: str, words: HostWords) -> str:
    """The text for one mark."""
    if kind in {"option", "named"}:
        return words.own.get(name) or getattr(words, kind).format(name)
    if kind == "setting":
        return f"the setting {name}" if words.prefix is None else f"{words.prefix}{name}"
    if kind == "in_settings":
        return f" in {words.file}" if words.file else ""
    if kind == "settings_file":
        return words.file or "the settings"
    # A text of an author may hold the characters of a mark by accident.
    fixed = {"noun": words.noun, "numbers": words.numbers, "flag": words.flag}
    return fixed.get(kind, name)
