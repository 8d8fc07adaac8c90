import base64

import pytest

from certrotation.core.material.pem import Block, blocks_of, decoded_base64

DATA = bytes(range(256))
BODY = base64.encodebytes(DATA).decode()
PEM = f"-----BEGIN X509 CRL-----\n{BODY}-----END X509 CRL-----\n"
DES = "DES-EDE3-CBC,0123456789ABCDEF"
AES = "AES-256-CBC,0123456789ABCDEF0123456789ABCDEF"


@pytest.mark.parametrize(
    "text",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        PEM.replace("\n", ""),
        PEM.replace("\n", " "),
        PEM.replace("\n", "\n\n"),
        PEM.replace("\n", "\\n"),
        PEM.replace("\n", "\\r\\n"),
        PEM.replace("\n", "\\\\n").replace("/", "\\/"),
        f'words "{PEM}" and words',
        PEM.replace("-----\nA", "-----\nComment: a note\nKeyed-By: nobody\n\nA"),
    ],
    ids=[
        "as written",
        "Windows",
        "no breaks",
        "blanks",
        "twice the breaks",
        "written out",
        "Windows, written out",
        "written out twice",
        "among words",
        "headers",
    ],
)
def test_a_block_is_found_however_its_line_breaks_fared(text: str) -> None:
    assert list(blocks_of(text)) == [Block(label="X509 CRL", data=DATA)]


def key(headers: str) -> str:
    return f"-----BEGIN RSA PRIVATE KEY-----\n{headers}\n{BODY}-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize("header", [DES, AES])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\\n", " "])
def test_the_encryption_of_an_old_key_is_found_and_written_again(
    header: str, line_break: str
) -> None:
    text = key(f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {header}\n")

    (block,) = blocks_of(text.replace("\n", line_break))

    assert (block.data, block.encryption) == (DATA, tuple(header.split(",")))
    assert not block.is_unknown_encryption
    assert list(blocks_of(block.to_pem().decode())) == [block]
    assert block.to_pem().decode() == text


@pytest.mark.parametrize("header", ["IDEA-CBC,0123456789ABCDEF", "AES-256-CBC,01", "nonsense"])
def test_an_encryption_that_nobody_knows_is_told(header: str) -> None:
    (block,) = blocks_of(key(f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {header}\n"))
    assert block.is_unknown_encryption


def test_a_block_is_written_as_openssl_does() -> None:
    assert Block(label="X509 CRL", data=DATA).to_pem().decode() == PEM


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("-----BEGIN A-----\nAA==", ["A"]),
        ("-----BEGIN A-----\nAA==-----END B-----\n", ["A"]),
        ("-----BEGIN A-----\n-----BEGIN B-----\n", ["A", "B"]),
        ("-----END A-----\nAA==", []),
        ("-----BEGIN a-----\nAA==-----END a-----", []),
        ("----BEGIN A-----\nAA==-----END A----", []),
        ("-----BEGIN " + "A" * 60 + "-----", []),
    ],
)
def test_a_block_without_its_end_is_one_that_breaks_off(text: str, labels: list[str]) -> None:
    found = list(blocks_of(text))
    assert [each.label for each in found] == labels
    assert {(each.fault, each.data) for each in found} <= {("cut off", b"")}


@pytest.mark.parametrize(
    "body", ["A", "AAA", "AA!=", "ÄÖ==", "AA==AA==", "AAAA=", "=", "> AAAA", "AAAA\nTo: be"]
)
def test_base64_that_is_damaged_is_no_data(body: str) -> None:
    (block,) = blocks_of(f"-----BEGIN A-----\n{body}\n-----END A-----")
    assert block == Block(label="A", fault="damaged base64")
    assert decoded_base64(body) is None


def test_no_repr_shows_what_stands_in_a_block() -> None:
    (block,) = blocks_of(key(f"Proc-Type: 4,ENCRYPTED\nDEK-Info: {DES}\n"))
    assert "0123" not in repr(block)
    assert "x04" not in repr(block)


def test_thousands_of_beginnings_are_read_in_one_pass() -> None:
    assert len(list(blocks_of("-----BEGIN A-----" * 3_800))) == 3_800


def test_a_text_of_backslashes_is_read_in_one_pass() -> None:
    assert [each.data for each in blocks_of("\\" * 60_000 + PEM)] == [DATA]
