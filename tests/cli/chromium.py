"""Opens a page in a real Chromium, lets a script look at it, and returns what the script saw."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Literal

import pytest

Scheme = Literal["light", "dark"]

_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_LOOK = (Path(__file__).parent / "look.js").read_text(encoding="utf-8")
_RESULT = re.compile(r'<pre id="seen">(.*?)</pre>', re.DOTALL)
_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>\n')


def find_chromium() -> str:
    """Return the browser, or leave the test out in one line."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("left out: no Chromium was found (Debian: apt-get install chromium)")
    return found


def find_axe() -> str:
    """Return axe's script, or leave the test out in one line."""
    if not _AXE.exists():
        pytest.skip("left out: axe-core is not installed (npm ci)")
    return _AXE.read_text(encoding="utf-8")


def seen(page: Path, folder: Path, scheme: Scheme, width: int) -> dict[str, Any]:
    """Return what axe and `look.js` see of a page.

    The page's policy forbids every script but its own; the copy that is opened has none.
    """
    content = page.read_text(encoding="utf-8")
    assert _POLICY.search(content)
    copy = folder / f"{page.stem}-{scheme}-{width}.html"
    scripts = f"<script>{find_axe()}</script><script>{_LOOK}</script>"
    looked = _POLICY.sub("", content).replace("</body>", f"{scripts}</body>")
    copy.write_text(looked, encoding="utf-8")
    # Chromium prints the page once nothing is left to do; axe has until then.
    dumped = run(copy, folder, scheme, width, "--dump-dom", "--virtual-time-budget=20000")
    found = _RESULT.search(dumped)
    assert found, dumped[-2000:]
    result: dict[str, Any] = json.loads(html.unescape(found[1]))
    return result


def run(page: Path, folder: Path, scheme: Scheme, width: int, *options: str) -> str:
    """Open a page without a network, and return what the browser prints."""
    done = subprocess.run(  # noqa: S603  found on PATH
        [
            find_chromium(),
            *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--host-resolver-rules=MAP * ~NOTFOUND", "--no-first-run", "--hide-scrollbars"),
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
            f"--window-size={width},1600",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout
