"""Models from a hub: a small hub on loopback, used by a process that knows no other hub."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

pytestmark = [pytest.mark.models, pytest.mark.slow]

COMMIT = "a" * 40
ASK = """
import json, sys, time, warnings
def wait(seconds):
    raise AssertionError(f"the hub's client waits {seconds} s and asks again")
time.sleep = wait
warnings.simplefilter("error")
from sphinx_attention.core.request import ModelSource, Request
from sphinx_attention.core.sources import open_source
for declaration in json.loads(sys.argv[1]):
    source = ModelSource("m", **declaration)
    with open_source(source) as runner:
        ((_, answer),) = runner.run([Request(source, "the fox")])
    problem = getattr(answer, "problem", None)
    print(json.dumps([problem, answer.message] if problem else [None, dict(answer.provenance)]))
"""


class Hub(BaseHTTPRequestHandler):
    """The answers of the hub that a download of the model ``org/tiny`` needs."""

    folder: Path
    requested: list[str]

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def reply(self, code: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.requested.append(path)
        files = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        if path.startswith("/api/models/org/tiny"):
            self.api(path, files)
        elif path.startswith("/org/tiny/resolve/"):
            revision, name = path.split("/")[4:6]
            if revision not in {"main", COMMIT}:
                self.reply(404, X_Error_Code="RevisionNotFound")
            elif name not in files:
                self.reply(404, X_Error_Code="EntryNotFound", X_Repo_Commit=COMMIT)
            else:
                digest = hashlib.sha1(files[name]).hexdigest()
                self.reply(200, files[name], ETag=f'"{digest}"', X_Repo_Commit=COMMIT)
        else:
            self.reply(404, X_Error_Code="RepoNotFound")

    do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    def api(self, path: str, files: dict[str, bytes]) -> None:
        if "/tree/" in path:
            entries = [
                {"type": "file", "path": n, "size": len(b), "oid": hashlib.sha1(b).hexdigest()}
                for n, b in files.items()
            ]
            self.reply(200, json.dumps(entries).encode(), Content_Type="application/json")
        elif "/revision/" in path and not path.endswith(("/main", COMMIT)):
            self.reply(404, b"{}", X_Error_Code="RevisionNotFound")
        else:
            names = [{"rfilename": name} for name in files]
            body = {"id": "org/tiny", "sha": COMMIT, "siblings": names}
            self.reply(200, json.dumps(body).encode(), Content_Type="application/json")


@pytest.fixture
def hub(tiny_model: Callable[[str], Path]) -> Iterator[ThreadingHTTPServer]:
    yield from serving(tiny_model("bert"))


def serving(folder: Path) -> Iterator[ThreadingHTTPServer]:
    handler = type("TinyHub", (Hub,), {"folder": folder, "requested": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def ask(
    server: ThreadingHTTPServer, home: Path, *declarations: dict[str, str], offline: bool = False
) -> list[tuple[str | None, Any]]:
    """The answers that another process gets from the hub, with warnings as errors."""
    environment = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
        "HF_HOME": str(home),
        "HF_HUB_OFFLINE": str(int(offline)),
        "PYTHONWARNINGS": "error",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(declarations)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def test_a_model_from_the_hub(hub: ThreadingHTTPServer, tmp_path: Path) -> None:
    known, unknown, revision = ask(
        hub, tmp_path, {"id": "org/tiny"}, {"id": "org/no"}, {"id": "org/tiny", "revision": "v9"}
    )
    assert known[0] is None
    assert known[1]["commit"] == COMMIT
    assert unknown[0] == "model"
    assert "org/no" in unknown[1]
    assert revision[0] == "model"
    assert "'v9'" in revision[1]
    # Without the hub, the loaded model is still cached, and other models cannot be reached.
    hub.shutdown()
    hub.server_close()
    cached, absent = ask(hub, tmp_path, {"id": "org/tiny"}, {"id": "org/other"})
    assert cached[0] is None
    assert cached[1]["commit"] == COMMIT
    assert absent[0] == "network"
    assert "cannot be reached" in absent[1]


def test_shards_of_the_hub_that_are_not_safetensors(
    tiny_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(tiny_model("bert"), folder)
    (folder / "model.safetensors").rename(folder / "weights.bin")
    mapped = {"metadata": {}, "weight_map": {"w": "weights.bin"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(mapped))
    for server in serving(folder):
        ((problem, message),) = ask(server, tmp_path / "home", {"id": "org/tiny"})
        assert problem == "model"
        assert "of the model org/tiny names 'weights.bin' as weights" in message
        requested = server.RequestHandlerClass.requested  # type: ignore[attr-defined]
        assert any(path.endswith("model.safetensors.index.json") for path in requested)
        # The weights are not even downloaded.
        assert not any(path.endswith("weights.bin") for path in requested)


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["m.Q4.gguf"], "holds GGUF files, made for llama.cpp"),
        (["adapter_config.json"], "is a PEFT adapter"),
        (["README.md"], "holds no config.json; it is not a transformers model"),
    ],
)
def test_models_of_the_hub_in_other_formats(tmp_path: Path, names: list[str], says: str) -> None:
    folder = tmp_path / "m"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("{}")
    for server in serving(folder):
        ((problem, message),) = ask(server, tmp_path / "home", {"id": "org/tiny"})
        assert problem == "model"
        assert says in message
