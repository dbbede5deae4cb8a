"""A real S3 API on this machine: fixtures for tests that need a shared store."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.ports import answers, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Bucket:
    """An empty bucket, and the environment variables that lead to it."""

    name: str
    endpoint: str
    environment: dict[str, str]

    @property
    def url(self) -> str:
        return f"s3://{self.name}/notes"


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of moto's server.

    The server runs in its own process, as a real S3 server does.
    """
    log: Path = tmp_path_factory.mktemp("s3") / "server.log"
    port = free_port()
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
        )
        try:
            address = f"http://127.0.0.1:{port}/moto-api/"
            until(lambda: server.poll() is not None or answers(address), 60, log.read_text)
            assert server.poll() is None, log.read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
            server.wait()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    name = f"bucket-{uuid4().hex[:12]}"
    request = urllib.request.Request(f"{s3_server}/{name}", method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_server,
        # boto asks no metadata service and reads no configuration of the person who runs the tests.
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    return Bucket(name, s3_server, environment)
