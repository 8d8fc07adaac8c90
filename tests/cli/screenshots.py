"""Takes the pictures of the pages for docs/cli.md.

`.venv/bin/python -m tests.cli.screenshots`
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from certrotation.names.tags import HOLD
from tests.cli import chromium
from tests.cli.running import ROOT, deploy, run
from tests.double import Behaviour, embedded_aws
from tests.simulation.estate import PREFIX, Estate, marks_of
from tests.support.authorities import Authorities

SITES = {
    "shop": (84, 90),
    "api": (60, 90),
    "mail": (75, 90),
    "pay": (20, 200),
    "blog": (10, 365),
    "wiki": (5, 90),
    "vpn": (300, 398),
}
"""Age and lifetime in days."""
MANAGED = ("shop", "api", "mail", "pay")


def main() -> None:
    """Make an account, write both pages, and take a picture of each."""
    authorities = Authorities.make()
    roots = [authorities.public_root.certificate]
    with embedded_aws(Behaviour(trusted_roots=roots)) as aws, TemporaryDirectory() as folder:
        estate = Estate(aws)
        estate.trust(Path(folder), *roots)
        deploy(estate)
        _fill(estate, authorities)
        for verb, height in (("inventory", 1250), ("plan", 1000)):
            page, picture = Path(folder) / f"{verb}.html", ROOT / "docs" / f"{verb}.png"
            run(verb, "--html", str(page))
            chromium.run(
                page,
                Path(folder),
                "light",
                1300,
                f"--screenshot={picture}",
                f"--window-size=1300,{height}",
            )


def _fill(estate: Estate, authorities: Authorities) -> None:
    for site, (age, lifetime) in SITES.items():
        begun = datetime.now(UTC) - timedelta(days=age, hours=1)
        issued = authorities.public.issue(
            f"{site}.example.com", not_before=begun, lifetime=timedelta(days=lifetime)
        )
        version = estate.secret(site, issued) if site in MANAGED else ""
        marks = marks_of(f"{PREFIX}{site}", version, issued) if version else {}
        for region in estate.regions:
            estate.listener(site, region, estate.certificate(issued, region, marks))
    estate.renew("shop", authorities.public.issue("shop.example.com"))
    estate.renew("mail", authorities.public.issue("mail.example.com", key="rsa2048"))
    estate.renew("pay", authorities.public.issue("paid.example.com"))
    estate.tag_secret("mail", **{HOLD.removeprefix("certrotation:"): ""})


if __name__ == "__main__":
    main()
