"""Check that a tag may become a release: the version in the code and the changelog agree with it.

    python scripts/check_release.py v0.2.0

Prints what is wrong and exits with 1, or prints the version and exits with 0.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VERSION_FILE = Path("sphinx_attention", "core", "version.py")
CHANGELOG = Path("CHANGELOG.md")
TAG = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")


def problems(tag: str, root: Path = ROOT) -> list[str]:
    """The reasons that keep a tag from being released, one sentence each."""
    match = TAG.fullmatch(tag)
    if match is None:
        return [f"invalid tag {tag!r}: expected a v and a version, such as v0.2.0 or v0.2.0rc1"]
    version = match[1]
    found = []
    declared = re.search(
        r'^__version__ = "(.+)"$', (root / VERSION_FILE).read_text(encoding="utf-8"), re.MULTILINE
    )
    if declared is None:
        found.append(f"{VERSION_FILE.as_posix()} has no line such as __version__ = {version!r}")
    elif declared[1] != version:
        found.append(
            f"{VERSION_FILE.as_posix()} says {declared[1]!r} and the tag says {version!r}: change "
            "the file, or delete the tag and make the right one"
        )
    sections = dict(
        re.findall(
            r"^## \[([^\]]+)\](?: - (\S+))?$",
            (root / CHANGELOG).read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    if version not in sections:
        found.append(
            f"{CHANGELOG} has no section for {version}: rename the section [Unreleased] to "
            f"'## [{version}] - YYYY-MM-DD'"
        )
    elif not re.fullmatch(r"\d{4}-\d{2}-\d{2}", sections[version]):
        found.append(
            f"invalid date {sections[version]!r} of the section for {version} in {CHANGELOG}: "
            f"expected '## [{version}] - YYYY-MM-DD'"
        )
    return found


def main(arguments: list[str]) -> int:
    """Check the tag that is given."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    found = problems(arguments[0])
    for problem in found:
        print(f"error: {problem}.", file=sys.stderr)
    if not found:
        print(arguments[0].removeprefix("v"))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
