"""Looks at shop's listeners after each step of a move."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.demo.story import EU, site_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo.story import Story
    from tests.double import Call

LISTENER_CHANGES = ("ModifyListener", "AddListenerCertificates", "RemoveListenerCertificates")


@contextmanager
def watching_for_gaps(story: Story) -> Iterator[list[str]]:
    """Collect the moments at which a listener of shop holds no certificate for shop."""
    estate, gaps = story.estate, list[str]()

    def look(call: Call) -> None:
        if call.operation not in LISTENER_CHANGES:
            return
        serving = {arn for arn in estate.certificates(EU) if site_of(estate, arn) == "shop"}
        for listener in (story.listeners.shop_web, story.listeners.edge):
            held = {estate.default_of(listener), *estate.sni_of(listener)}
            if held.isdisjoint(serving):
                gaps.append(f"{listener} after {call.operation}")

    with estate.aws.after(look):
        yield gaps
