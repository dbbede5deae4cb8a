"""How messages name the settings of a project, in the words of the host that shows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostWords:
    """The words of a host.

    Attributes:
        prefix: what the names of settings begin with, such as ``attention_``; None where the host
            has no settings with names of their own.
        file: the file that holds the settings, such as ``conf.py``; empty where there is none.
    """

    prefix: str | None = None
    file: str = ""


_words = HostWords()


def speak_as(words: HostWords) -> None:
    """Name settings in the words of a host from here on, in this process."""
    global _words  # noqa: PLW0603 - one host runs in a process
    _words = words


def setting(name: str) -> str:
    """A setting as messages name it: ``attention_model`` in Sphinx, else ``the setting model``."""
    return f"the setting {name}" if _words.prefix is None else f"{_words.prefix}{name}"


def in_settings() -> str:
    """Where settings are written, to follow the name of one: `` in conf.py``, or nothing."""
    return f" in {_words.file}" if _words.file else ""


def settings_file() -> str:
    """The file of the settings, or what stands for it in a message."""
    return _words.file or "the settings"
