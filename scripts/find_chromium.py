"""Print the path of a Chromium that starts, for the browser tests. Install one if there is none.

The script looks at the environment variable ``ATTENTION_CHROMIUM`` first, then for a Chromium or
Chrome of the system, and then for Playwright's Chromium. If none starts, it installs Playwright's
download. If that fails, it uses the system's package manager, if no password is needed.

The path goes to standard output, and everything else to standard error.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MAC_APPLICATIONS = (
    "Chromium.app/Contents/MacOS/Chromium",
    "Google Chrome.app/Contents/MacOS/Google Chrome",
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""The options with which tests and benchmarks start the browser."""

START_SECONDS = 30
DOWNLOAD_SECONDS = 900
CONNECT_MILLISECONDS = 10_000

DRIVER_PACKAGES = ("libatomic1",)
"""Debian packages that the Node.js in Playwright needs and that a minimal system lacks."""

HELP = """\
error: the browser tests need a Chromium, none was found, and none could be installed here.
Do one of these, and run the command again:
  - install Chromium or Chrome by the system's own means, such as
      apt-get install chromium | dnf install chromium | brew install --cask chromium
  - .venv/bin/python -m playwright install --with-deps chromium
  - name one that is already there: ATTENTION_CHROMIUM=/path/to/chromium make test"""


def main() -> int:
    """Print a path, or say what to do."""
    named = os.environ.get("ATTENTION_CHROMIUM")
    if named:
        path = shutil.which(named)
        if path is None or not starts(path):
            say(f"error: ATTENTION_CHROMIUM={named} does not start")
            return 1
        print(path)
        return 0
    if not driver_starts():
        install_packages(DRIVER_PACKAGES)
    found = find() or install()
    if found is None:
        say(HELP)
        return 1
    print(found)
    return 0


def find() -> str | None:
    """The first Chromium on this machine that starts."""
    return next((path for path in candidates() if starts(path)), None)


def candidates() -> Iterator[str]:
    """The paths where a Chromium may be, most likely first."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            yield path
    if platform.system() == "Darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            yield from (str(folder / inner) for inner in MAC_APPLICATIONS)
    own = playwrights_own()
    if own:
        yield own


def playwrights_own() -> str | None:
    """The path of Playwright's own Chromium, installed or not; None without Playwright."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- it may not be there
    except ImportError:
        return None
    if not driver_starts():
        return None
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def driver_starts() -> bool:
    """Whether Playwright's own Node.js runs, with which the tests drive the browser."""
    return run([sys.executable, "-m", "playwright", "--version"], silent=True)


def install_packages(names: Sequence[str]) -> bool:
    """Install packages by apt-get, if that needs no password."""
    admin = as_administrator()
    if admin is None or shutil.which("apt-get") is None:
        say(f"warning: {' '.join(names)} may be missing, and cannot be installed from here.")
        return False
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    apt = [*admin, "apt-get", "-o", "DPkg::Lock::Timeout=60"]
    # An index that cannot be reached need not be the index of these packages.
    run([*apt, "update"], quiet)
    return run([*apt, "install", "-y", "--no-install-recommends", *names], quiet)


def starts(path: str) -> bool:
    """Whether this is a Chromium that runs.

    A file is not enough: on Ubuntu, ``chromium-browser`` may be a script that asks for a snap, and
    a downloaded Chromium may lack shared libraries.
    """
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, timeout=START_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and b"Chrom" in done.stdout


def install() -> str | None:
    """Install a Chromium; None if that is impossible."""
    say("==> No Chromium found. Downloading Playwright's (about 150 MB)")
    playwright = [sys.executable, "-m", "playwright"]
    # Without this, Playwright waits half a minute for each of its servers.
    patience = {"PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": str(CONNECT_MILLISECONDS)}
    downloaded = run([*playwright, "install", "chromium"], patience)
    if downloaded and (found := find()):
        return found
    admin = as_administrator()
    if admin is None:
        say("    That did not help, and this user may not install system packages.")
        return None
    if shutil.which("apt-get") is None:
        say("    That did not help, and there is no apt-get on this system.")
        return None
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    if downloaded:
        say("==> It does not start. Installing the shared libraries that it needs")
        run([*playwright, "install-deps", "chromium"], quiet)
    else:
        say("==> The download failed. Installing the system's chromium by apt-get")
        install_packages(["chromium"])
    return find()


def as_administrator() -> Sequence[str] | None:
    """The beginning of a command that installs; None if a password would be needed."""
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") and run(["sudo", "-n", "true"], silent=True):
        return ("sudo", "-n")
    return None


def run(
    command: Sequence[str], environment: dict[str, str] | None = None, *, silent: bool = False
) -> bool:
    """Run a command with its output on standard error; whether it succeeded in time."""
    out = subprocess.DEVNULL if silent else sys.stderr
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **(environment or {})},
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        say(f"    {command[0]}: {error}")
        return False
    return done.returncode == 0


def say(text: str) -> None:
    """Print a message for the person who waits."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
