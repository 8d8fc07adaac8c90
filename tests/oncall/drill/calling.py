"""People who can be reached: they answer in a sentence, and do what is theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.oncall.drill.mending import handmade
from tests.oncall.drill.names import SOMEBODY
from tests.oncall.drill.playing import TEAMS

if TYPE_CHECKING:
    from tests.oncall.drill.stage import Stage
    from tests.oncall.year.population import Site

_A_CALL_TAKES = 120
"""Virtual seconds."""

_DONE_WITHIN = timedelta(minutes=20)

DELIVERED = frozenset(
    {
        "late",
        "later",
        "never",
        "after the end",
        "the same again",
        "wrong key",
        "lost name",
        "malformed",
        "no chain",
        "another CA",
        "refused, ticket unread",
    }
)
"""Faults that end with right material, which a secret's team delivers."""

_DARK = frozenset(
    {
        "a Region dark for hours",
        "a Region dark for a day",
        "the canary's ACM dark",
        "Secrets Manager dark",
        "imports throttled for hours",
    }
)

TURNED = frozenset(
    {
        "schedule off",
        "trigger off",
        "trigger off, ticket unread",
        "scan throttled",
        "rotate throttled",
        "report mode forgotten",
        "events not queued",
    }
)
"""Faults that one of the platform team made by hand."""

_USAGE = (
    'call "<whom>" "<message>": the team of a secret, the owner of something, the platform team, \
whoever runs the certificate authority, or AWS Support\n'
)


class Phone:
    """Whoever is reached by `call`."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._is_promised = False

    def call(self, arguments: list[str]) -> tuple[int, str]:
        """Reach somebody, and return what they say."""
        if len(arguments) < 2:
            return 1, _USAGE
        whom, message = arguments[0].lower(), " ".join(arguments[1:])
        self._stage.pass_time(_A_CALL_TAKES)
        if "platform" in whom or SOMEBODY in whom:
            said = self._platform(message)
        elif re.search(r"\b(aws|support)\b", whom):
            said = self._support(message)
        elif re.search(r"\b(ca|authority|authorities|issuer|pki)\b", whom):
            said = self._authority(message)
        elif "owner" in whom or re.search(r"load.?balancer|listener|distribution|web-\d", whom):
            said = self._owner(f"{whom} {message}")
        else:
            said = self._team(f"{whom} {message}")
        return 0, f"{said}\n"

    @property
    def _fault(self) -> str:
        injected = self._stage.scene.injected
        return injected.fault.name if injected.over is None else ""

    def _promise(self, promise: str) -> str:
        """Have the fault mended in a while, once."""
        if not self._is_promised:
            self._is_promised = True
            world, injected = self._stage.world, self._stage.scene.injected
            world.agenda.after(_DONE_WITHIN, lambda: world.end(injected))
        return promise

    def _named(self, message: str) -> Site | None:
        """Return the site that a message names, by its secret or by a domain."""
        for site in self._stage.world.sites:
            if re.search(rf"(?<![\w-]){re.escape(site.name)}(?![\w-])", message):
                return site
        return None

    def _team(self, message: str) -> str:
        if self._fault.startswith("without a secret") and self._names_handmade(message):
            return self._owner(message)
        site = self._named(message)
        if site is None:
            return "Which secret is it about? We write several; give us its name."
        number = self._stage.world.sites.index(site)
        team = TEAMS[number % len(TEAMS)]
        if site is not self._stage.scene.site:
            return f"Team {team}: {site.name} is fine as far as we see; we renewed it as planned."
        if self._fault in DELIVERED:
            return self._promise(
                f"Team {team}: right, our renewal of {site.name} went wrong. "
                "We put the right material into the secret within half an hour."
            )
        return self._of_this_site(team, site)

    def _of_this_site(self, team: str, site: Site) -> str:
        match self._fault:
            case "name given up":
                return (
                    f"Team {team}: yes, www.{site.domain} is given up, that is meant so. "
                    "Please accept it on your side."
                )
            case "a hold forgotten":
                return f"Team {team}: the hold was for a release that is long over. Take it off."
            case "a full listener":
                return (
                    f"Team {team}: our material is right. The listener is not ours: ask its owner."
                )
            case "":
                return f"Team {team}: thank you. From our side all is done."
            case _:
                return f"Team {team}: what we wrote is right as far as we see. Why is it not live?"

    def _names_handmade(self, message: str) -> bool:
        subject = self._stage.scene.injected.subject
        if subject in message:
            return True
        with self._stage.world.estate.aws.unobserved():
            arn = handmade(self._stage.scene)
            used = self._stage.world.estate.aws.in_use_by(arn)
        words = {arn, arn.rpartition("/")[2], *used, *(e.split("/")[2] for e in used if "/" in e)}
        return any(each in message for each in words)

    def _owner(self, message: str) -> str:
        if self._fault.startswith("without a secret"):
            if not self._names_handmade(message):
                return "Which certificate or listener do you mean? Tell its ARN or domain."
            return self._promise(
                "That is ours, put there by hand. We import a renewed one over it within half "
                "an hour, and bring it under management later."
            )
        if self._fault == "a full listener":
            return self._full(message)
        if self._named(message) is not None:
            return self._team(message)
        return "Everything of ours looks well from here. What exactly is wrong, and with which ARN?"

    def _full(self, message: str) -> str:
        site = self._stage.scene.site
        assert site is not None
        spare = self._stage.scene.spares
        asked = [each for each in spare if each in message]
        if not asked and ":listener/" in message:
            return "There is room on that listener, as far as we see."
        asked = asked or [each for each in site.sni if each.split("/")[2] in message]
        asked = asked or (site.sni if self._named(message) is site else [])
        if not asked:
            return "Which listener do you mean? Tell its ARN."
        spares = " ".join(spare[each] for each in asked)
        return (
            f"We do not need the certificate of the trial any more, you may take it off: {spares}"
        )

    def _platform(self, message: str) -> str:
        if self._fault == "imports denied":
            if re.search(r"import|denied|denies|permission|policy|scp", message, re.IGNORECASE):
                return self._promise(
                    "A new service control policy denies acm:ImportCertificate there; that was not "
                    "meant so. We take it back within half an hour."
                )
            return "What is denied, to whom, and where?"
        if self._fault in {"every scan dies", "every rotation dies"}:
            return (
                "We deployed a new version not long ago, see the stack. "
                "You have a checkout and the access: please go by the runbook."
            )
        if self._fault in TURNED:
            return (
                f"That was {SOMEBODY} of ours, for a trial that is over; it was forgotten. "
                "Please put it back, you have the access."
            )
        return "We changed nothing that we know of. You have the access: please go by the runbook."

    def _support(self, message: str) -> str:
        if self._fault in _DARK:
            return (
                "We are aware of increased error rates and are working on them. There is nothing "
                "for you to do; we expect recovery within hours."
            )
        if self._fault == "a full listener" and re.search(r"quota|limit", message, re.IGNORECASE):
            return self._promise(
                "We have raised Certificates per Application Load Balancer for your account; "
                "it is in force within half an hour."
            )
        return "We see no issue on our side that concerns your account."

    def _authority(self, message: str) -> str:
        site = self._named(message)
        if site is None:
            return "Which name is it about?"
        return (
            f"We issue for {site.domain} whenever its team orders, and see nothing wrong here. "
            "We hand out keys and certificates to the team alone: ask them."
        )
