"""Firefox by WebDriver BiDi, and WebKitGTK by Selenium, with the few commands that the tests need.

Firefox speaks WebDriver BiDi itself (https://w3c.github.io/webdriver-bidi/), so that no geckodriver is
needed, which Debian does not have.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from websockets.sync.client import connect

from tests.ports import free_port, listens, until

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = (1280, 900)
START_SECONDS = 90
ANSWER_SECONDS = 60

PREFERENCES = {
    # A hidden window has the focus, too. Without this, no element matches `:focus`.
    "focusmanager.testmode": True,
    # Firefox opens no page of its own, and downloads no updates or settings.
    "app.update.disabledForTesting": True,
    "app.normandy.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}
"""The preferences of a Firefox in a test, as Puppeteer and geckodriver set them."""

KEYS = {
    "Tab": Keys.TAB,
    "Enter": Keys.ENTER,
    "Escape": Keys.ESCAPE,
    "ArrowRight": Keys.ARROW_RIGHT,
    "ArrowLeft": Keys.ARROW_LEFT,
}
"""Keys by their DOM names, as the code points of WebDriver."""


class Driver(Protocol):
    """A browser with one page."""

    def goto(self, url: str) -> None:
        """Open a page, and wait for its load event."""

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression, as JSON."""

    def move(self, x: float, y: float) -> None:
        """Move the pointer to a point of the viewport, in CSS px."""

    def click(self, x: float, y: float) -> None:
        """Click at a point of the viewport."""

    def press(self, key: str) -> None:
        """Press a key (see `KEYS`)."""

    def picture(self) -> bytes:
        """The viewport, as PNG."""


def _json(script: str) -> str:
    return f"JSON.stringify({script})"


class Firefox:
    """A `Driver`."""

    def __init__(self, address: str) -> None:
        self._socket = connect(f"{address}/session", max_size=None, legacy=True)
        self._number = 0
        self._call("session.new", capabilities={})
        self._context = self._call("browsingContext.create", type="window")["context"]
        self._command("browsingContext.activate")
        width, height = SIZE
        self._command("browsingContext.setViewport", viewport={"width": width, "height": height})

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv(timeout=ANSWER_SECONDS))
            if answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def _command(self, method: str, **parameters: Any) -> Any:
        return self._call(method, context=self._context, **parameters)

    def goto(self, url: str) -> None:
        self._command("browsingContext.navigate", url=url, wait="complete")

    def run(self, script: str) -> Any:
        answer = self._call(
            "script.evaluate",
            expression=_json(script),
            target={"context": self._context},
            awaitPromise=False,
        )
        assert answer["type"] == "success", answer
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    def _pointer(self, *actions: dict[str, Any]) -> None:
        pointer = {"type": "pointer", "id": "mouse", "actions": list(actions)}
        self._command("input.performActions", actions=[pointer])

    def move(self, x: float, y: float) -> None:
        self._pointer({"type": "pointerMove", "x": round(x), "y": round(y)})

    def click(self, x: float, y: float) -> None:
        self._pointer(
            {"type": "pointerMove", "x": round(x), "y": round(y)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        )

    def press(self, key: str) -> None:
        actions = [{"type": kind, "value": KEYS[key]} for kind in ("keyDown", "keyUp")]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._command("input.performActions", actions=[keyboard])

    def picture(self) -> bytes:
        return base64.b64decode(self._command("browsingContext.captureScreenshot")["data"])

    def close(self) -> None:
        self._socket.close()


class WebKit:
    """A `Driver`."""

    def __init__(self, driver: webdriver.Remote) -> None:
        self._driver = driver
        driver.set_window_size(*SIZE)

    def goto(self, url: str) -> None:
        self._driver.get(url)

    def run(self, script: str) -> Any:
        value = self._driver.execute_script(f"return {_json(script)}")
        return None if value is None else json.loads(value)

    def move(self, x: float, y: float) -> None:
        actions = ActionBuilder(self._driver)
        actions.pointer_action.move_to_location(round(x), round(y))
        actions.perform()

    def click(self, x: float, y: float) -> None:
        actions = ActionBuilder(self._driver)
        actions.pointer_action.move_to_location(round(x), round(y)).click()
        actions.perform()

    def press(self, key: str) -> None:
        ActionChains(self._driver).send_keys(KEYS[key]).perform()

    def picture(self) -> bytes:
        return self._driver.get_screenshot_as_png()


@contextlib.contextmanager
def firefox() -> Iterator[Driver]:
    """A Firefox without a window, with a new profile."""
    profile = tempfile.mkdtemp(prefix="attention-firefox-")
    lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
    Path(profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
    command = [os.environ["ATTENTION_FIREFOX"], "--headless", "--no-remote", "--profile", profile]
    process = subprocess.Popen(
        [*command, "--remote-debugging-port=0"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MOZ_CRASHREPORTER_DISABLE": "1", "HOME": profile},
    )
    try:
        driver = Firefox(_address(process))
        yield driver
        driver.close()
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(profile, ignore_errors=True)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    output = []
    for line in process.stderr:
        output.append(line)
        if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
            return found[1]
    raise AssertionError("Firefox does not start: " + "".join(output))


@contextlib.contextmanager
def webkit() -> Iterator[Driver]:
    """WebKitGTK's MiniBrowser on a virtual screen."""
    width, height = SIZE
    size = ["-screen", "0", f"{width + 200}x{height + 300}x24"]
    screen = subprocess.Popen(
        [os.environ["ATTENTION_XVFB"], "-displayfd", "1", "-nolisten", "tcp", *size],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert screen.stdout is not None
    number = screen.stdout.readline().strip()
    assert number, "Xvfb does not start"
    environment = {
        **os.environ,
        "DISPLAY": f":{number}",
        # Processes of containers may not create the namespaces that the sandbox needs.
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
    }
    try:
        # By its address, and not by Selenium's own service: a minimal system has no name `localhost`.
        port = free_port()
        service = subprocess.Popen(
            [os.environ["ATTENTION_WEBKIT"], "--host=127.0.0.1", f"--port={port}"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(lambda: listens(port), START_SECONDS, lambda: f"nothing listens at port {port}")
            address = f"http://127.0.0.1:{port}"
            driver = webdriver.Remote(
                command_executor=RemoteConnection(client_config=ClientConfig(address)),
                options=webdriver.WebKitGTKOptions(),
            )
            try:
                yield WebKit(driver)
            finally:
                driver.quit()
        finally:
            service.kill()
            service.wait()
    finally:
        screen.kill()
        screen.communicate()


BROWSERS = {"firefox": firefox, "webkit": webkit}
