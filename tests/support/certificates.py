"""Certificates of all sorts, made for a test: signed by an authority of its own, or by nobody."""

from __future__ import annotations

import datetime
import functools
import ipaddress
import ssl
import tempfile
import warnings
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Signed = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _sign(
    name: str, issuer: Signed | None, days: tuple[int, int], host: str
) -> tuple[Signed, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    alternative: Any = x509.DNSName(host)
    if host[0].isdigit():
        alternative = x509.IPAddress(ipaddress.ip_address(host))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        # What Python 3.13 asks for (VERIFY_X509_STRICT), as RFC 5280, section 4.2.1, does.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(
                (key if issuer is None else issuer[1]).public_key()
            ),
            critical=False,
        )
    )
    if issuer is None:
        builder = builder.add_extension(
            x509.KeyUsage(
                digital_signature=False,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    signed = builder.sign(key if issuer is None else issuer[1], hashes.SHA256())
    pem = signed.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return (signed, key), pem


class Authority:
    """Signs certificates for 127.0.0.1.

    Attributes:
        path: A file with its own certificate, for those who are to trust it.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._own, pem = _sign("authority", None, (-1, 10), "authority.test")
        self.path = self._write("authority", pem)

    def _write(self, name: str, pem: bytes) -> str:
        path = Path(self._folder.name) / f"{name}.pem"
        path.write_bytes(pem)
        return str(path)

    def certificate(
        self,
        *,
        days: tuple[int, int] = (-1, 10),
        host: str = "127.0.0.1",
        signed: bool = True,
    ) -> str:
        """Return the path of a new certificate and its key.

        Args:
            days: From when until when it holds, from today.
            host: Whom it is for.
            signed: Whether by this authority, or by itself.
        """
        _, pem = _sign("server", self._own if signed else None, days, host)
        return self._write("server", pem)

    def server_context(self, *, asks: bool = False, **certificate: Any) -> ssl.SSLContext:
        """Return a server's context with a new certificate; one that ``asks`` wants a client's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate(**certificate))
        if asks:
            context.load_verify_locations(self.path)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def old_context(self) -> ssl.SSLContext:
        """Return a context of a server that knows nothing newer than TLS 1.1."""
        context = self.server_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context


@functools.cache
def authority() -> Authority:
    """One for all tests."""
    return Authority()
