"""A headless Chromium, driven by chromedriver's HTTP interface (the W3C's WebDriver) without further packages."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip

DRIVER = shutil.which("chromedriver")


class Browser:
    """One session; raises RuntimeError with the driver's words where it refuses."""

    def __init__(self, address: str, session: str) -> None:
        self._address, self._session = address, session

    def ask(self, path: str, **given: Any) -> Any:
        """POST to the session."""
        return _post(f"{self._address}/session/{self._session}/{path}", given)

    def open(self, path: Path) -> None:
        """Load a local file."""
        self.ask("url", url=path.resolve().as_uri())

    def js(self, code: str, *given: Any) -> Any:
        """Run a function's body and give what it returns."""
        return self.ask("execute/sync", script=code, args=list(given))

    def cdp(self, command: str, **given: Any) -> Any:
        """A command of the Chrome DevTools protocol."""
        return self.ask("goog/cdp/execute", cmd=command, params=given)

    def screen(self, width: int, height: int, *, dark: bool = False, media: str = "") -> None:
        """A screen of that size, light or dark."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def pdf(self) -> bytes:
        """The page as printed."""
        return base64.b64decode(self.cdp("Page.printToPDF")["data"])

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since the last time: ``browser`` (the console) or ``performance`` (the network)."""
        found: list[dict[str, Any]] = self.ask("se/log", type=kind)
        return found

    def requested(self) -> set[str]:
        """The addresses that were asked for, but for the page itself and ``data:``."""
        messages = [json.loads(entry["message"])["message"] for entry in self.log("performance")]
        asked = [item["params"] for item in messages if item["method"] == "Network.requestWillBeSent"]
        return {
            item["request"]["url"]
            for item in asked
            if item["type"] != "Document" and not item["request"]["url"].startswith("data:")
        }


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with a fresh profile in ``folder``."""
    assert DRIVER is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([DRIVER, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as driver:
        try:
            address = f"http://127.0.0.1:{port}"
            _ready(address)
            found = Browser(address, _begin(address, folder))
            found.ask("url", url="about:blank")
            found.log("performance")  # the new tab's own
            yield found
            _post(f"{address}/session/{found._session}", None, "DELETE")
        finally:
            driver.terminate()


def _ready(address: str) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if _post(f"{address}/status", None, "GET")["ready"]:
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("chromedriver did not start")


def _begin(address: str, folder: Path) -> str:
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": {"args": [*ARGUMENTS, f"--user-data-dir={folder}"]},
        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
    }
    found: str = _post(f"{address}/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
    return found


def _post(address: str, given: dict[str, Any] | None, method: str = "POST") -> Any:
    raw = None if given is None else json.dumps(given).encode()
    request = urllib.request.Request(address, raw, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(error.read().decode()) from error
