"""Apple's checks on a pass, made by openssl, a zip reader and a CMS reader that are not ours."""

import hashlib
import io
import json
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.wallet.certificates import PASS_TYPE_ID, TEAM_ID, PassChain, write_chain
from wallet.apple.models import Barcode, Pass, StoreCard
from wallet.apple.pkpass import Artwork
from wallet.apple.signing import Signer, load_signer
from wallet.errors import ApplePassError

NOON = datetime(2026, 11, 22, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def signer(chain: PassChain) -> Signer:
    return load_signer(chain.leaf, chain.key, chain.wwdr)


@pytest.fixture
def signed(signer: Signer) -> zipfile.ZipFile:
    card = StoreCard()
    card.addPrimaryField("balance", "1,240", "Points").changeMessage = "Now %@ points"
    whole = Pass(card, PASS_TYPE_ID, "Aurora", TEAM_ID, serialNumber="1-abc", barcode=Barcode("m1"))
    whole.addFile("icon.png", b"not really a picture" * 50)
    return zipfile.ZipFile(io.BytesIO(whole.create(signer, NOON)))


@pytest.mark.parametrize("command", ["smime", "cms"])
def test_openssl_accepts_the_detached_signature(
    command: str, signed: zipfile.ZipFile, chain: PassChain, tmp_path: Path
) -> None:
    result = _verify(command, signed, chain.root, tmp_path)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", ["smime", "cms"])
def test_openssl_refuses_the_signature_over_another_manifest(
    command: str, signed: zipfile.ZipFile, chain: PassChain, tmp_path: Path
) -> None:
    result = _verify(command, signed, chain.root, tmp_path, manifest=b'{"pass.json":"00"}')

    assert result.returncode != 0


def test_openssl_refuses_the_signature_under_another_root(
    signed: zipfile.ZipFile, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    stranger = write_chain(tmp_path / "other")

    assert _verify("cms", signed, stranger.root, tmp_path).returncode != 0


def test_signature_holds_no_content_of_its_own(signed: zipfile.ZipFile, tmp_path: Path) -> None:
    printed = _printed(signed, tmp_path)

    assert "eContent: <ABSENT>" in printed


def test_signature_is_sha256_over_type_time_and_digest(
    signed: zipfile.ZipFile, tmp_path: Path
) -> None:
    printed = _printed(signed, tmp_path)

    for attribute in ("contentType", "signingTime", "messageDigest"):
        assert f"object: {attribute}" in printed
    assert "Nov 22 12:00:05 2026 GMT" in printed
    assert "algorithm: sha256 " in printed and "sha1" not in printed


def test_signature_carries_leaf_and_wwdr(signed: zipfile.ZipFile) -> None:
    inside = pkcs7.load_der_pkcs7_certificates(signed.read("signature"))

    names = [certificate.subject.rfc4514_string() for certificate in inside]
    assert len(names) == 2
    assert any(f"Pass Type ID: {PASS_TYPE_ID}" in name for name in names)
    assert any("Worldwide Developer Relations" in name for name in names)


def test_manifest_names_the_sha1_of_every_other_file(signed: zipfile.ZipFile) -> None:
    manifest = json.loads(signed.read("manifest.json"))

    others = set(signed.namelist()) - {"manifest.json", "signature"}
    assert set(manifest) == others == {"pass.json", "icon.png"}
    for name in others:
        assert manifest[name] == hashlib.sha1(signed.read(name)).hexdigest()


def test_archive_passes_the_checks_of_zip_readers(signed: zipfile.ZipFile) -> None:
    assert signed.testzip() is None
    assert {entry.compress_type for entry in signed.infolist()} == {zipfile.ZIP_STORED}


def test_pass_json_has_string_values_and_apples_keys(signed: zipfile.ZipFile) -> None:
    card = json.loads(signed.read("pass.json"))

    assert card["formatVersion"] == 1
    assert card["storeCard"]["primaryFields"] == [
        {"key": "balance", "value": "1,240", "label": "Points", "changeMessage": "Now %@ points"}
    ]
    assert card["barcodes"] == [
        {"format": "PKBarcodeFormatQR", "message": "m1", "messageEncoding": "iso-8859-1"}
    ]


def test_one_artwork_serves_many_passes(signer: Signer) -> None:
    artwork = Artwork({"icon.png": b"picture", "icon@2x.png": b"larger picture"})
    first = Pass(StoreCard(), PASS_TYPE_ID, "Aurora", TEAM_ID, serialNumber="1")
    second = Pass(StoreCard(), PASS_TYPE_ID, "Aurora", TEAM_ID, serialNumber="2")

    archives = [
        zipfile.ZipFile(io.BytesIO(whole.create(signer, NOON, artwork)))
        for whole in (first, second)
    ]

    assert [a.testzip() for a in archives] == [None, None]
    assert [json.loads(a.read("pass.json"))["serialNumber"] for a in archives] == ["1", "2"]
    assert archives[1].read("icon@2x.png") == b"larger picture"


def test_pass_of_another_type_is_not_signed(signer: Signer) -> None:
    foreign = Pass(StoreCard(), "pass.com.example.other", "Aurora", TEAM_ID)

    with pytest.raises(ApplePassError, match=r"not for pass\.com\.example\.other"):
        foreign.create(signer, NOON)


def test_key_of_another_certificate_is_refused(chain: PassChain, tmp_path: Path) -> None:
    stranger = write_chain(tmp_path)

    with pytest.raises(ApplePassError, match="does not belong"):
        load_signer(chain.leaf, stranger.key, chain.wwdr)


def test_wwdr_that_did_not_issue_the_certificate_is_refused(
    chain: PassChain, tmp_path: Path
) -> None:
    stranger = write_chain(tmp_path)

    with pytest.raises(ApplePassError, match="did not issue"):
        load_signer(chain.leaf, chain.key, stranger.wwdr)


def _verify(
    command: str,
    signed: zipfile.ZipFile,
    root: Path,
    folder: Path,
    manifest: bytes | None = None,
) -> "subprocess.CompletedProcess[str]":
    (folder / "signature").write_bytes(signed.read("signature"))
    (folder / "manifest.json").write_bytes(manifest or signed.read("manifest.json"))
    verify = f"openssl {command} -verify -binary -inform DER -purpose any -in signature"
    return subprocess.run(
        [*verify.split(), "-content", "manifest.json", "-CAfile", str(root)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def _printed(signed: zipfile.ZipFile, folder: Path) -> str:
    (folder / "signature").write_bytes(signed.read("signature"))
    show = "openssl cms -cmsout -print -noout -inform DER -in signature"
    return subprocess.run(
        show.split(), cwd=folder, capture_output=True, text=True, check=True
    ).stdout
