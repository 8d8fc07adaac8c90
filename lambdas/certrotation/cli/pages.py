"""Pages that people look at: one self-contained file each, without network, light and dark.

A page holds no data but its text, and its script is the same for everybody: the policy in the page
allows that script and that style by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from certrotation import __version__
from certrotation.cli.untrusted import for_html

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_STYLE = """
:root { color-scheme: light dark;
  --text: light-dark(#1b1f24, #e6e8eb); --quiet: light-dark(#57606a, #a4adb8);
  --page: light-dark(#ffffff, #14181d); --panel: light-dark(#f4f6f8, #1e242b);
  --line: light-dark(#c9d1d9, #3a434d); --link: light-dark(#0550ae, #79b8ff);
  --critical: light-dark(#a40e26, #ff8f8f); --warning: light-dark(#7a4d00, #f0b840);
  --ok: light-dark(#116329, #6fdd8b); --neutral: light-dark(#57606a, #a4adb8); }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 100rem; color: var(--text);
  background: var(--page); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; } .quiet { color: var(--quiet); }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.critical { color: var(--critical); } .warning { color: var(--warning); } .ok { color: var(--ok); }
ul.facts { display: flex; flex-wrap: wrap; gap: .5rem; padding: 0; margin: 1rem 0;
  list-style: none; }
ul.facts li { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem;
  padding: .35rem .75rem; }
.filters { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .75rem 0; }
.filters label { display: grid; gap: .15rem; font-size: .9rem; }
input, select, button { font: inherit; color: inherit; background: var(--page);
  border: 1px solid var(--quiet); border-radius: .3rem; padding: .3rem .5rem; min-height: 2.2rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 1px; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .4rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem;
  border-bottom: 1px solid var(--line); }
thead th { background: var(--panel); white-space: nowrap; padding: 0; }
thead th > span, thead button { display: block; padding: .4rem .6rem; width: 100%; }
thead button { border: 0; border-radius: 0; background: none; text-align: left; font-weight: 600; }
th[aria-sort="ascending"] button::after { content: " \\2191"; }
th[aria-sort="descending"] button::after { content: " \\2193"; }
td.number { text-align: right; white-space: nowrap; }
td { overflow-wrap: anywhere; min-width: 6rem; } td.wide { min-width: 16rem; }
td.keep { white-space: nowrap; } ::placeholder { color: var(--quiet); opacity: 1; }
svg { width: 100%; min-width: 50rem; height: auto; display: block; }
svg text { fill: var(--text); font-size: 12px; }
svg .axis { stroke: var(--line); } svg .quiet { fill: var(--quiet); }
svg .critical { fill: var(--critical); } svg .warning { fill: var(--warning); }
svg .ok { fill: var(--neutral); } svg .end { fill: var(--text); }
section.plan { border: 1px solid var(--line); border-radius: .4rem; padding: .25rem 1rem 1rem;
  margin: 1rem 0; }
[hidden] { display: none !important; }
@media (max-width: 40rem) { body { padding: .75rem; } }
@media print { .filters { display: none; } .scroll { overflow: visible; } }
"""

_SCRIPT = """
(() => {
  const table = document.getElementById("certificates");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const filters = [...document.querySelectorAll("[data-filter]")];
  const count = document.getElementById("count");
  const apply = () => {
    const text = filters[0].value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!text || row.textContent.toLowerCase().includes(text)) &&
        filters.slice(1).every((each) => !each.value ||
          row.dataset[each.dataset.filter] === each.value);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = shown + " of " + rows.length + " certificates";
  };
  filters.forEach((each) => each.addEventListener("input", apply));
  table.tHead.querySelectorAll("button").forEach((button) => {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const up = head.getAttribute("aria-sort") !== "ascending";
      table.tHead.querySelectorAll("th").forEach((each) => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = (row) => {
        const cell = row.cells[head.cellIndex];
        return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key);
      };
      rows.sort((a, b) => {
        const [x, y] = up ? [key(a), key(b)] : [key(b), key(a)];
        return typeof x === "number" ? x - y : x.localeCompare(y);
      });
      body.append(...rows);
    });
  });
  document.querySelectorAll(".filters").forEach((each) => { each.hidden = false; });
  apply();
})();
"""


def page(title: str, at: datetime, body: Iterable[str]) -> str:
    """Return a whole page.

    Args:
        title: plain text.
        at: when the data were read.
        body: HTML, of which every text went through `for_html`.
    """
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none';"
        f" style-src '{_hash(_STYLE)}'; script-src '{_hash(_SCRIPT)}'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{for_html(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<header>\n<h1>{for_html(title)}</h1>\n"
        f'<p class="quiet">{at:%Y-%m-%d %H:%M} UTC, certrotation {__version__}</p>\n</header>\n'
        f"<main>\n{''.join(body)}</main>\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def element(name: str, content: str, **attributes: str | bool) -> str:
    """Return an element; its content is HTML, its attributes are plain text.

    Underscores in the names of attributes are hyphens; a final one is dropped.
    """
    given = "".join(
        f" {key.rstrip('_').replace('_', '-')}"
        + ("" if value is True else f'="{for_html(str(value))}"')
        for key, value in attributes.items()
        if value is not False
    )
    return f"<{name}{given}>{content}</{name}>"


def text(name: str, content: str, **attributes: str | bool) -> str:
    """Return an element with plain text."""
    return element(name, for_html(content), **attributes)


def facts(items: Iterable[str]) -> str:
    """Return short facts in a row."""
    listed = "".join(text("li", each) for each in items)
    return f'<ul class="facts">{listed}</ul>\n'


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
