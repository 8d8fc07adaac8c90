"""Makes text from AWS or from files harmless for the place where it is shown.

Whoever may create a certificate, a tag or a secret chooses names. Every other module gives text to
one of these functions, or to `Output`, which does.
"""

from __future__ import annotations

import html
import re
import shlex

_CONTROLS = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: they move the cursor, or begin an escape sequence
    "\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # invisible, or reorder text
    "\ud800-\udfff"  # halves of pairs, which no encoding takes
    "\U000e0000-\U000e007f"  # tags: invisible letters
    "]"
)
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet takes for the begin of a formula (OWASP, CSV Injection), full width included.
"""


def for_terminal(text: str) -> str:
    """Return one line in which control characters are visible and have no effect."""
    return _CONTROLS.sub(_escaped, text)


def for_csv(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    shown = for_terminal(text)
    return f"'{shown}" if shown.lstrip().startswith(_FORMULAS) else shown


def for_html(text: str) -> str:
    """Return text for the content or a quoted attribute of an element."""
    return html.escape(for_terminal(text), quote=True)


def for_shell(text: str) -> str:
    """Return a word for a command that a person copies into a POSIX shell."""
    return shlex.quote(for_terminal(text))


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
