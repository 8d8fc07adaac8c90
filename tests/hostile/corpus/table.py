"""All rows, by family."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.corpus import bombs, chains, forms, identities, keys, leaves, paths, tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.hostile.corpus.row import NotRun, Row

FAMILIES: dict[str, Callable[[], Sequence[Row | NotRun]]] = {
    "keys": keys.rows,
    "keys that take long to make": keys.costly,
    "identities": identities.rows,
    "chains": chains.rows,
    "paths that clients reject": paths.rows,
    "leaves, signatures": leaves.kinds,
    "usages": leaves.usages,
    "names": leaves.names,
    "clocks": leaves.clocks,
    "DER, PKCS#7 and 12": forms.bundles,
    "damaged PEM": forms.texts,
    "JSON and binary": forms.documents,
    "outputs of tools": tools.rows,
    "layouts of tools": tools.layouts,
    "bombs": bombs.rows,
}
"""The rows that are judged by themselves; they are made when they are asked for."""
