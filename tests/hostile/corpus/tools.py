"""What real tools write: openssl and keytool, run here, and the layouts of others."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import PrivateFormat

from tests.hostile.corpus.forms import bundle
from tests.hostile.corpus.material import (
    NOW,
    PASSPHRASE,
    PRIVATE,
    PRIVATE_CA,
    PRIVATE_ROOT,
    SHOP,
    chain_of,
    leaf,
    self_signed,
)
from tests.hostile.corpus.row import (
    ABSENT,
    NotRun,
    Row,
    binary,
    fields,
    live,
    refused,
    repaired,
    row,
    shop,
    table,
    text,
    warned,
)
from tests.support.authority import pem

if TYPE_CHECKING:
    from collections.abc import Callable

    from certrotation.core.material.secret_value import SecretValue
    from tests.hostile.corpus.row import Verdict

CERTIFICATE, KEY, CHAIN = SHOP.certificate_pem, SHOP.key_pem(), SHOP.chain_pem
PRIVATE_CHAIN = chain_of(PRIVATE_CA, PRIVATE_ROOT)
JAVA = refused("SECRET_MALFORMED", says="The value is a Java keystore (JKS or JCEKS).")
UNKNOWN_CIPHER = refused("KEY_UNSUPPORTED", says="private_key is encrypted with a cipher")
NO_BUNDLE = refused("SECRET_MALFORMED", says="PKCS#12")
NO_CERTIFICATE = refused("SECRET_MALFORMED", says="certificate")
NO_PRIVATE_KEY = refused("SECRET_MALFORMED", says="private_key")
CLOSED = refused("KEY_ENCRYPTED", says="passphrase")


class Bench:
    """A folder with the shop's files in it, where tools run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = {
            "cert.pem": CERTIFICATE,
            "key.pem": KEY,
            "chain.pem": CHAIN,
            "fullchain.pem": SHOP.fullchain_pem,
        }
        for name, content in files.items():
            (folder / name).write_text(content)

    def run(self, command: str) -> bytes:
        """Run a command and return what it printed."""
        done = subprocess.run(  # noqa: S603  commands of this table
            command.split(), cwd=self._folder, capture_output=True, check=True, timeout=60
        )
        return done.stdout

    def text(self, command: str) -> str:
        """Run a command and return what it printed, as text."""
        return self.run(command).decode()

    def read(self, name: str) -> bytes:
        """Return a file that a command wrote."""
        return (self._folder / name).read_bytes()


@dataclass(frozen=True, kw_only=True)
class Written:
    """A row whose value a tool writes."""

    name: str
    make: Callable[[Bench], SecretValue]
    expected: Verdict
    is_of_today: bool = False
    """Whether the tool knows no time but its own."""

    def run(self) -> Row | NotRun:
        """Let the tool write the value, in a folder of its own, if the tool is here and can."""
        tool = self.name.split()[0]
        if shutil.which(tool) is None:
            return NotRun(name=self.name, reason=f"no {tool}")
        with TemporaryDirectory() as folder:
            try:
                value = self.make(Bench(Path(folder)))
            except subprocess.CalledProcessError:
                return NotRun(name=self.name, reason=f"this {tool} cannot")
        at = datetime.now(UTC) if self.is_of_today else NOW
        return row(self.name, value, self.expected, at=at)


def rows() -> list[Row | NotRun]:
    """Return the rows of this family; a row whose tool is not here says so."""
    written = [*_openssl_keys(), *_openssl_bundles(), *_openssl_certificates(), *_keytool()]
    return [each.run() for each in written]


def layouts() -> list[Row]:
    """Return rows in the layouts of tools, made without these tools."""
    return [*_certbot(), *_cert_manager(), *_others()]


def _openssl_keys() -> list[Written]:
    def key(name: str, options: str, expected: Verdict, **more: object) -> Written:
        def make(bench: Bench) -> SecretValue:
            return shop(private_key=bench.text(f"openssl {options}"), **more)

        return Written(name=f"openssl {name}", make=make, expected=expected)

    out = f"-passout pass:{PASSPHRASE}"
    mismatch = refused("KEY_MISMATCH", says="CN=shop.example.com")
    known = {"passphrase": PASSPHRASE}
    return [
        key("ec, explicit parameters", "ec -in key.pem -param_enc explicit", live()),
        key("ec, encrypted with AES", f"ec -in key.pem -aes256 {out}", live(), **known),
        key("ec, encrypted, no passphrase", f"ec -in key.pem -aes128 {out}", CLOSED),
        key("ec, encrypted with triple DES", f"ec -in key.pem -des3 {out}", live(), **known),
        *(
            key(
                f"ec, encrypted with {cipher}",
                f"ec -in key.pem -{cipher} {out} -provider legacy -provider default",
                UNKNOWN_CIPHER,
                **known,
            )
            for cipher in ("aes192", "des", "camellia128")
        ),
        key("pkcs8, encrypted", f"pkcs8 -topk8 -in key.pem {out}", live(), **known),
        key(
            "pkcs8, encrypted, wrong passphrase",
            f"pkcs8 -topk8 -in key.pem {out}",
            CLOSED,
            passphrase="no",
        ),
        key(
            "pkcs8, encrypted with scrypt",
            f"pkcs8 -topk8 -in key.pem -scrypt {out}",
            live(),
            **known,
        ),
        key("pkey, the key in words behind it", "pkey -in key.pem -text", live()),
        key("ecparam, another key", "ecparam -name prime256v1 -genkey", mismatch),
        key("ecparam, parameters alone", "ecparam -name prime256v1", NO_PRIVATE_KEY),
        key("genpkey, another RSA key", "genpkey -algorithm RSA", mismatch),
        key(
            "genpkey, Ed25519",
            "genpkey -algorithm ED25519",
            refused("KEY_UNSUPPORTED", "KEY_MISMATCH", says="Ed25519"),
        ),
        key(
            "genpkey, X448",
            "genpkey -algorithm X448",
            refused("KEY_UNSUPPORTED", "KEY_MISMATCH", says="X448"),
        ),
        key("req, a signing request", "req -new -key key.pem -subj /CN=shop", NO_PRIVATE_KEY),
    ]


def _openssl_bundles() -> list[Written]:
    def exported(name: str, options: str, expected: Verdict, **more: object) -> Written:
        def make(bench: Bench) -> SecretValue:
            return bundle(bench.run(f"openssl pkcs12 -export {options}"), **more)

        return Written(name=f"openssl pkcs12 -export, {name}", make=make, expected=expected)

    what = "-inkey key.pem -in cert.pem -certfile chain.pem -passout pass:"
    usual = what + PASSPHRASE
    sealed = f"{usual} -keypbe NONE -certpbe NONE"
    known = {"passphrase": PASSPHRASE}
    return [
        exported("with a passphrase", usual, live(), **known),
        exported("an empty passphrase", what, live(), passphrase=""),
        exported("an empty passphrase, none given", what, live()),
        exported("sealed, not encrypted", sealed, live(), **known),
        exported("sealed, no passphrase given", sealed, CLOSED),
        exported("without a seal", f"{usual} -nomac", live(), **known),
        exported("for old readers", f"{usual} -legacy", live(), **known),
        exported("for old readers, wrong passphrase", f"{usual} -legacy", CLOSED, passphrase="no"),
        exported(
            "certificates alone",
            f"-nokeys -in fullchain.pem -passout pass:{PASSPHRASE}",
            refused("SECRET_MALFORMED", says="no private key"),
            **known,
        ),
    ]


def _openssl_certificates() -> list[Written]:
    def bags(bench: Bench) -> SecretValue:
        secret = f"pass:{PASSPHRASE}"
        what = "-inkey key.pem -in fullchain.pem -name shop"
        bench.run(f"openssl pkcs12 -export {what} -out all.p12 -passout {secret}")
        printed = bench.text(f"openssl pkcs12 -in all.p12 -nodes -passin {secret}")
        return fields(certificate=printed, private_key=printed)

    def listed(bench: Bench) -> SecretValue:
        bench.run("openssl crl2pkcs7 -nocrl -certfile fullchain.pem -out all.p7b")
        printed = bench.text("openssl pkcs7 -print_certs -in all.p7b")
        return shop(certificate=printed, chain=ABSENT)

    def printed(options: str) -> Callable[[Bench], SecretValue]:
        def make(bench: Bench) -> SecretValue:
            return shop(certificate=bench.text(f"openssl {options}"))

        return make

    def der(bench: Bench) -> SecretValue:
        return binary(bench.run("openssl x509 -in chain.pem -outform DER"))

    def restricted(bench: Bench) -> SecretValue:
        """A key for RSA-PSS alone, and a certificate that says so."""
        bench.run("openssl genpkey -algorithm RSA-PSS -out pss.pem")
        name = "-subj /CN=pss.example.com -addext basicConstraints=CA:FALSE"
        certificate = bench.text(f"openssl req -x509 -key pss.pem {name}")
        return fields(certificate=certificate, private_key=bench.read("pss.pem").decode())

    request = "req -x509 -key key.pem -subj /CN=shop.example.com"
    ca = refused("LEAF_IS_CA", "SELF_SIGNED", says="is self-signed")
    own = refused("SELF_SIGNED", says="is self-signed")
    no_ca = "-addext basicConstraints=CA:FALSE -addext subjectAltName=DNS:shop.example.com"
    return [
        Written(
            name="openssl x509 -text", make=printed("x509 -in cert.pem -text"), expected=live()
        ),
        Written(
            name="openssl x509 -trustout",
            make=printed("x509 -in cert.pem -trustout"),
            expected=NO_CERTIFICATE,
        ),
        Written(name="openssl x509 -outform DER", make=der, expected=NO_BUNDLE),
        Written(
            name="openssl crl2pkcs7",
            make=printed("crl2pkcs7 -nocrl -certfile fullchain.pem"),
            expected=NO_CERTIFICATE,
        ),
        Written(name="openssl pkcs7 -print_certs", make=listed, expected=live()),
        Written(name="openssl pkcs12 -nodes, bag attributes and all", make=bags, expected=live()),
        Written(
            name="openssl req -x509, which makes a CA",
            make=printed(request),
            expected=ca,
            is_of_today=True,
        ),
        Written(
            name="openssl req -x509, told to make no CA",
            make=printed(f"{request} {no_ca}"),
            expected=own,
            is_of_today=True,
        ),
        Written(
            name="openssl genpkey of RSA-PSS, which ACM does not list",
            make=restricted,
            expected=refused("KEY_UNSUPPORTED", "SELF_SIGNED", says="RSASSA-PSS"),
            is_of_today=True,
        ),
    ]


def _keystore(bench: Bench, *more: str, kind: str = "PKCS12", alias: str = "shop") -> None:
    """Let keytool make a key with a certificate that signs itself."""
    command = (
        f"keytool -genkeypair -alias {alias} -keyalg EC -groupname secp256r1"
        " -dname CN=shop.example.com"
        f" -ext san=dns:shop.example.com -validity 90 -storetype {kind}"
        f" -keystore store -storepass {PASSPHRASE} -keypass {PASSPHRASE}"
    )
    bench.run(" ".join([command, *more]))


def _two_keys(*aliases: str) -> Callable[[Bench], SecretValue]:
    """A keystore with several keys, put into it in this order."""

    def make(bench: Bench) -> SecretValue:
        for alias in aliases:
            _keystore(bench, alias=alias)
        return bundle(bench.read("store"), passphrase=PASSPHRASE)

    return make


def _keytool() -> list[Written]:

    def made(bench: Bench) -> SecretValue:
        _keystore(bench)
        return bundle(bench.read("store"), passphrase=PASSPHRASE)

    def closed(bench: Bench) -> SecretValue:
        _keystore(bench)
        return bundle(bench.read("store"))

    def java(bench: Bench) -> SecretValue:
        _keystore(bench, kind="JKS")
        return bundle(bench.read("store"), passphrase=PASSPHRASE)

    def java_binary(bench: Bench) -> SecretValue:
        _keystore(bench, kind="JKS")
        return binary(bench.read("store"))

    def exported(bench: Bench) -> SecretValue:
        _keystore(bench)
        printed = f"keytool -exportcert -rfc -alias shop -keystore store -storepass {PASSPHRASE}"
        return fields(certificate=bench.text(printed))

    def trusting(bench: Bench) -> SecretValue:
        what = f"-keystore store -storetype PKCS12 -storepass {PASSPHRASE}"
        bench.run(f"keytool -importcert -noprompt -alias ca -file chain.pem {what}")
        return bundle(bench.read("store"), passphrase=PASSPHRASE)

    def copied(bench: Bench) -> SecretValue:
        """A store that keytool read from openssl's and wrote anew, the issued chain in it."""
        what = "-inkey key.pem -in fullchain.pem -name shop -out in.p12"
        bench.run(f"openssl pkcs12 -export {what} -passout pass:{PASSPHRASE}")
        bench.run(
            f"keytool -importkeystore -noprompt -srckeystore in.p12 -srcstorepass {PASSPHRASE}"
            f" -destkeystore store -deststoretype PKCS12 -deststorepass {PASSPHRASE}"
        )
        return bundle(bench.read("store"), passphrase=PASSPHRASE)

    own = refused("SELF_SIGNED", says="is self-signed")
    two_keys = refused("IDENTITY_AMBIGUOUS", says="2 private keys")
    return [
        Written(name="keytool -genkeypair, two", make=_two_keys("old", "new"), expected=two_keys),
        Written(
            name="keytool -genkeypair, two the other way round",
            make=_two_keys("new", "old"),
            expected=two_keys,
        ),
        Written(name="keytool -genkeypair", make=made, expected=own, is_of_today=True),
        Written(name="keytool -genkeypair, no passphrase given", make=closed, expected=CLOSED),
        Written(name="keytool -genkeypair, Java's old store", make=java, expected=JAVA),
        Written(
            name="keytool -genkeypair, Java's old store as binary",
            make=java_binary,
            expected=JAVA,
        ),
        Written(
            name="keytool -exportcert",
            make=exported,
            expected=refused("SECRET_MALFORMED", says="no private key"),
        ),
        Written(
            name="keytool -importcert, a store of trusted CAs",
            make=trusting,
            expected=refused("SECRET_MALFORMED", says="no private key"),
        ),
        Written(name="keytool -importkeystore, the issued chain", make=copied, expected=live()),
    ]


def _certbot() -> list[Row]:
    """Files of /etc/letsencrypt/live/<name> (Certbot documentation, Where are my certificates)."""
    four = {"cert": CERTIFICATE, "chain": CHAIN, "fullchain": SHOP.fullchain_pem, "privkey": KEY}
    old = leaf(not_before=NOW.replace(month=3))
    other = leaf(key="rsa2048")
    superfluous = repaired("CHAIN_SUPERFLUOUS", chain=SHOP.chain)

    def layout(*names: str, **changes: object) -> SecretValue:
        return fields(**{name: four[name] for name in names} | changes)

    return table(
        {
            superfluous: {
                "certbot, all four files": layout(*four),
                "certbot, fullchain and chain": layout("fullchain", "chain", "privkey"),
                "certbot, cert of the last renewal, the key kept": layout(
                    *four, cert=old.certificate_pem
                ),
            },
            live(): {
                "certbot, fullchain and privkey": layout("fullchain", "privkey"),
                "certbot, cert, chain and privkey": layout("cert", "chain", "privkey"),
                "certbot, everything in one text": fields(
                    fullchain=KEY + SHOP.fullchain_pem, privkey=KEY + SHOP.fullchain_pem
                ),
            },
            refused("CHAIN_INCOMPLETE", says="Example Public CA 1"): {
                "certbot, cert and privkey, no chain": layout("cert", "privkey")
            },
            refused("LEAF_MISSING", says="no certificate"): {
                "certbot, chain and privkey, no leaf": layout("chain", "privkey")
            },
            refused("KEY_MISMATCH", says="CN=shop.example.com"): {
                "certbot, privkey of another lineage": layout(*four, privkey=other.key_pem())
            },
            refused("SECRET_MALFORMED", says="no private key"): {
                "certbot, names of files with endings": fields(
                    **{f"{name}.pem": each for name, each in four.items()}
                )
            },
        }
    )


def _cert_manager() -> list[Row]:
    """A Secret of the type kubernetes.io/tls (cert-manager documentation, Certificate resource)."""
    alone = self_signed("shop.corp.example")

    def secret(crt: str, key: str, ca: str | None, *, is_coded: bool = False) -> SecretValue:
        given = {"tls.crt": crt, "tls.key": key} | ({} if ca is None else {"ca.crt": ca})
        if is_coded:
            given = {name: base64.b64encode(each.encode()).decode() for name, each in given.items()}
        return fields(**given)

    own_key, own_chain = PRIVATE.key_pem(), PRIVATE.fullchain_pem
    ca = pem(PRIVATE_ROOT.certificate)
    return table(
        {
            live(): {
                "cert-manager, a public CA, ca.crt empty": secret(SHOP.fullchain_pem, KEY, ""),
                "cert-manager, a public CA, no ca.crt": secret(SHOP.fullchain_pem, KEY, None),
                "cert-manager, a key as PKCS#1": _pkcs1(),
                "cert-manager, the combined form beside it": fields(
                    **{
                        "tls.crt": SHOP.fullchain_pem,
                        "tls.key": KEY,
                        "tls-combined.pem": KEY + SHOP.fullchain_pem,
                    }
                ),
            },
            live(): {
                "cert-manager, the whole object": text(
                    json.dumps(
                        {
                            "apiVersion": "v1",
                            "kind": "Secret",
                            "data": {"tls.crt": SHOP.fullchain_pem, "tls.key": KEY},
                        }
                    )
                ),
                "cert-manager, the data alone, in base64": fields(
                    data={
                        "tls.crt": base64.b64encode(SHOP.fullchain_pem.encode()).decode(),
                        "tls.key": base64.b64encode(KEY.encode()).decode(),
                    }
                ),
            },
            live(chain=PRIVATE_CHAIN): {
                "cert-manager, a private CA, its root in ca.crt": secret(own_chain, own_key, ca),
                "cert-manager, a private CA, data in base64": secret(
                    own_chain, own_key, ca, is_coded=True
                ),
            },
            warned("CHAIN_INCOMPLETE", "CHAIN_SUPERFLUOUS", chain=PRIVATE_CHAIN[:1]): {
                "cert-manager, a private CA, ca.crt its intermediate": secret(
                    own_chain, own_key, PRIVATE.chain_pem
                )
            },
            refused("SELF_SIGNED", says="is self-signed"): {
                "cert-manager, a self-signed issuer": secret(
                    alone.certificate_pem, alone.key_pem(), alone.certificate_pem
                )
            },
            refused("LEAF_MISSING", says="no certificate"): {
                "cert-manager, not issued yet: the key alone": secret("", KEY, "")
            },
            refused("KEY_MISMATCH", says="CN=shop.example.com"): {
                "cert-manager, the temporary certificate's other key": secret(
                    SHOP.fullchain_pem, own_key, None
                )
            },
        }
    )


def _pkcs1() -> SecretValue:
    issued = leaf(key="rsa2048")
    key = issued.key_pem(form=PrivateFormat.TraditionalOpenSSL)
    return fields(**{"tls.crt": issued.fullchain_pem, "tls.key": key})


def _others() -> list[Row]:
    vault = {
        "certificate": CERTIFICATE,
        "issuing_ca": CHAIN,
        "ca_chain": [CHAIN],
        "private_key": KEY,
        "private_key_type": "ec",
        "expiration": 1_790_000_000,
    }
    encrypted = SHOP.key_pem(passphrase=PASSPHRASE)
    return table(
        {
            refused("CHAIN_INCOMPLETE", says="Example Public CA 1"): {
                "Terraform's tls provider": fields(cert_pem=CERTIFICATE, private_key_pem=KEY)
            },
            # Vault puts the issuing CA at the head of its chain as well.
            repaired("CHAIN_SUPERFLUOUS", chain=SHOP.chain): {
                "Vault's answer, its data alone": fields(**vault),
                "Vault's answer, whole": fields(request_id="1", data=vault),
                "Vault's key-value store, whole": fields(
                    request_id="1", data={"data": vault, "metadata": {"version": 1}}
                ),
                "Vault's answer as bytes, as External Secrets pushes it": binary(
                    json.dumps(vault, indent=2).encode()
                ),
            },
            refused("SECRET_MALFORMED", says="no private key"): {
                "ACM's export": fields(
                    Certificate=CERTIFICATE, CertificateChain=CHAIN, PrivateKey=encrypted
                ),
                "HAProxy's one file, under certificate alone": fields(
                    certificate=SHOP.fullchain_pem + KEY
                ),
            },
            live(): {
                "Vault, its chain alone": shop(chain=ABSENT, ca_chain=[CHAIN], expiration=1),
                "Vault, the issuing CA alone": shop(chain=ABSENT, issuing_ca=CHAIN),
                "Terraform's acme provider": fields(
                    cert_pem=CERTIFICATE, private_key_pem=KEY, certificate_chain=CHAIN
                ),
                "a chain as a list of lines": shop(chain=CHAIN.splitlines()),
                "a chain as a list of base64": shop(
                    chain=[base64.b64encode(CHAIN.encode()).decode()]
                ),
                "a chain, and an empty one": shop(ca_chain=[]),
                "the data of another tool beside it": shop(data={"chain": "x"}),
                "the request for an issuer beside it": shop(request={"names": []}),
                "camel case": fields(
                    certificate=CERTIFICATE, privateKey=KEY, certificateChain=CHAIN
                ),
                "HAProxy's one file, under both names": fields(
                    certificate=SHOP.fullchain_pem + KEY, private_key=SHOP.fullchain_pem + KEY
                ),
            },
        }
    )
