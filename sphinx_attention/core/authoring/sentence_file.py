"""Files of sentences: one sentence a line, with an optional column of labels behind a tab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sphinx_attention.core.errors import AttentionError, Problem
from sphinx_attention.core.host_words import named, option
from sphinx_attention.core.sources.author_files import read_author_file
from sphinx_attention.core.text import clean_line, quoted

if TYPE_CHECKING:
    from .parsing import HostContext

MOST_SENTENCES = 10_000
"""The most sentences of a file."""

_LARGEST_FILE = 16 * 2**20
"""The most bytes of a file of sentences."""

_LONGEST_LABEL = 60
_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""The endings of pictures. A file of which every line is such a name is a list of pictures."""

_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK": "a compressed file",
    b"\x93NUMPY": "a NumPy file",
}
_OF_NUMBERS = (".npy", ".npz", ".json", ".csv", ".safetensors")
_MOST_LISTED = 5


@dataclass(frozen=True)
class SentenceFile:
    """The sentences of a file.

    Attributes:
        texts: the sentences, each once.
        labels: the label of each sentence; an empty text for a sentence without one.
        notices: notices for the author about lines that were left out.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    notices: tuple[str, ...] = ()


def read_sentences(declared: str, context: HostContext) -> SentenceFile:
    """The sentences of a file that an author names.

    Raises:
        AttentionError: there is no such file, it is not UTF-8, it has no sentence or too many, or a
            line has a second tab or repeats an earlier one.
    """
    try:
        path = context.find_file(declared)
        data = read_author_file(path, declared, _LARGEST_FILE)
    except AttentionError as error:
        raise AttentionError(Problem.TEXT, f"{named('file')}: {error.neutral}") from None
    lines = _decoded(data, declared).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    places: dict[str, int] = {}
    labels: list[str] = []
    empty: list[int] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            empty.append(number)
            continue
        where = f"line {number} of {quoted(declared)}"
        text, label = _columns(line, where)
        if text in places:
            raise _wrong(
                f"{where} repeats line {places[text]}, {quoted(text)}: expected each sentence once"
            )
        places[text] = number
        labels.append(label)
    if not places:
        raise _wrong(f"{quoted(declared)} has no sentence: write one sentence on each line")
    if len(places) > MOST_SENTENCES:
        raise _wrong(
            f"{quoted(declared)} has {len(places):,} sentences: expected at most {MOST_SENTENCES:,}"
        )
    return SentenceFile(tuple(places), tuple(labels), _about(empty, declared))


def names_pictures(file: SentenceFile, declared: str) -> bool:
    """Whether each line of a file is the name of a picture.

    Raises:
        AttentionError: some lines are names of pictures, and others are sentences.
    """
    pictures = [text for text in file.texts if _is_picture(text)]
    if pictures and len(pictures) < len(file.texts):
        other = next(text for text in file.texts if not _is_picture(text))
        raise _wrong(
            f"{quoted(declared)} names pictures, such as {quoted(pictures[0])}, and has sentences, "
            f"such as {quoted(other)}: expected names of pictures alone, or sentences alone"
        )
    return bool(pictures)


def _is_picture(text: str) -> bool:
    return text.lower().endswith(_PICTURES) and len(text.split()) == 1


def _columns(line: str, where: str) -> tuple[str, str]:
    """The sentence and the label of a line."""
    text, *columns = (part.strip() for part in line.split("\t"))
    if not text:
        raise _wrong(f"{where} has a label and no sentence: write the sentence before the tab")
    if len(columns) > 1:
        raise _wrong(
            f"{where} has {len(columns)} tabs: expected a sentence, and at most one label behind a "
            "tab"
        )
    label = clean_line(columns[0]) if columns else ""
    if len(label) > _LONGEST_LABEL:
        raise _wrong(
            f"the label of {where} has {len(label)} characters: expected at most {_LONGEST_LABEL}"
        )
    return text, label


def _about(empty: list[int], declared: str) -> tuple[str, ...]:
    """The notice about empty lines."""
    if not empty:
        return ()
    shown = [str(number) for number in empty[:_MOST_LISTED]]
    more = len(empty) - len(shown)
    *before, last = [*shown, f"{more} more"] if more else shown
    lines = f"{', '.join(before)} and {last}" if before else last
    one = len(empty) == 1
    return (
        (
            f"file: {'line' if one else 'lines'} {lines} of {declared!r} "
            f"{'is' if one else 'are'} empty and passed over"
        ),
    )


def _decoded(data: bytes, declared: str) -> str:
    """The text of a file.

    Raises:
        AttentionError: the file is not UTF-8; the message names the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = next((f"it is {name}" for mark, name in _MARKS.items() if data.startswith(mark)), "")
        number = data.count(b"\n", 0, error.start) + 1
        what = what or f"line {number} holds the byte 0x{data[error.start]:02x}"
    else:
        if "\0" not in text:
            return text
        what = f"line {text.count(chr(10), 0, text.index(chr(0))) + 1} holds a null character"
    if declared.casefold().endswith(_OF_NUMBERS):
        raise _wrong(
            f"{quoted(declared)} is not a file of sentences; a file of weights is named in "
            f"{option('matrix')}"
        )
    raise _wrong(f"{quoted(declared)} is not UTF-8: {what}; save the file as UTF-8")


def _wrong(message: str) -> AttentionError:
    return AttentionError(Problem.TEXT, f"{named('file')}: {message}")
