"""Digest authentication, the client's side (RFC 7616), without I/O.

Layer: protocols. Imports from ``_proto`` only.

Theory of operation
-------------------
The server names a nonce; the client answers with a hash over it, its password and the request.
One nonce serves for many requests: each says how many there were (``nc``), so that none can be
played back. A server that wants another nonce says so with the next challenge (``stale``).

Left out: ``auth-int``, which hashes bodies and which no server asks for by itself, and SHA-512-256,
whose example in the RFC is wrong, so that implementations differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import quote

from whirlwind._proto.http.challenges import parse_challenges

_Hash = Callable[[bytes], str]


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


_ALGORITHMS: Final[dict[str, _Hash]] = {
    "MD5": _md5,
    "MD5-SESS": _md5,
    "SHA-256": _sha256,
    "SHA-256-SESS": _sha256,
}


class DigestChallenge(NamedTuple):
    """What a server says that wants digest authentication.

    Attributes:
        realm: What the password is for.
        nonce: What to hash.
        algorithm: Its name as the server wrote it; None if it named none, which means MD5.
        opaque: To be sent back as it is; None for nothing.
        has_qop: Whether the server knows of ``qop``; those of before 1999 do not.
        hides_user: Whether to send a hash instead of the user's name.
        stale: Whether only the nonce of the request was wrong.
    """

    realm: str
    nonce: str
    algorithm: str | None = None
    opaque: str | None = None
    has_qop: bool = True
    hides_user: bool = False
    stale: bool = False


def digest_challenge(value: str) -> DigestChallenge | None:
    """Find the first digest challenge that can be answered.

    Args:
        value: The value of ``WWW-Authenticate`` or ``Proxy-Authenticate``, several of them joined
            with commas.

    Returns:
        The challenge; None if there is none, or none with an algorithm and a quality of
        protection that are known here.

    Source: RFC 7616, sections 3.3 and 3.7.
    """
    for scheme, said in parse_challenges(value):
        if scheme != "digest" or "realm" not in said or "nonce" not in said:
            continue
        algorithm = said.get("algorithm")
        if algorithm is not None and algorithm.upper() not in _ALGORITHMS:
            continue
        qop = said.get("qop")
        if qop is not None and "auth" not in [one.strip(" \t") for one in qop.lower().split(",")]:
            continue
        return DigestChallenge(
            realm=said["realm"],
            nonce=said["nonce"],
            algorithm=algorithm,
            opaque=said.get("opaque"),
            has_qop=qop is not None,
            hides_user=said.get("userhash", "").lower() == "true",
            stale=said.get("stale", "").lower() == "true",
        )
    return None


class DigestSession:
    """The requests that are sent with one nonce.

    Args:
        challenge: What the server said.
        username: The user's name.
        password: The password.
        cnonce: The client's part of the nonce: random, unknown to others, at least 64 bits, of
            letters and digits. One for the whole session, since the ``-sess`` algorithms hash the
            first one into all that follow.

    Attributes:
        challenge: As above.
        count: How many requests there were.
    """

    def __init__(
        self, challenge: DigestChallenge, username: str, password: str, cnonce: str
    ) -> None:
        self.challenge = challenge
        self.count = 0
        self._cnonce = cnonce
        self._username = username
        algorithm = (challenge.algorithm or "MD5").upper()
        self._hash = _ALGORITHMS[algorithm]
        name = username.encode("utf-8")
        # A header's characters are its bytes.
        self._realm = challenge.realm.encode("latin-1", "replace")
        self._nonce = challenge.nonce.encode("latin-1", "replace")
        self._shown = self._hash(name + b":" + self._realm) if challenge.hides_user else username
        self._secret = self._hash(name + b":" + self._realm + b":" + password.encode("utf-8"))
        if algorithm.endswith("-SESS"):
            both = self._nonce + b":" + cnonce.encode("ascii")
            self._secret = self._hash(self._secret.encode("ascii") + b":" + both)

    def authorization(self, method: str, uri: str) -> str:
        """Return the value of ``Authorization`` or ``Proxy-Authorization`` for the next request.

        Args:
            method: The request's method.
            uri: Its target, as it stands in the request line; ASCII.

        Source: RFC 7616, sections 3.4 to 3.4.4.
        """
        challenge = self.challenge
        self.count += 1
        nc = f"{self.count:08x}"
        request = self._hash(f"{method}:{uri}".encode("ascii"))
        between = self._nonce
        if challenge.has_qop:
            between += f":{nc}:{self._cnonce}:auth".encode("ascii")
        secret, hashed = self._secret.encode("ascii"), request.encode("ascii")
        response = self._hash(secret + b":" + between + b":" + hashed)
        if self._shown.isascii():
            parts = [f"username={_quoted(self._shown)}"]
        else:
            parts = [f"username*=UTF-8''{quote(self._shown, safe='')}"]
        parts += [
            f"realm={_quoted(challenge.realm)}",
            f"nonce={_quoted(challenge.nonce)}",
            f"uri={_quoted(uri)}",
            f'response="{response}"',
        ]
        if challenge.algorithm is not None:
            parts.append(f"algorithm={challenge.algorithm}")
        if challenge.opaque is not None:
            parts.append(f"opaque={_quoted(challenge.opaque)}")
        if challenge.has_qop:
            parts += ["qop=auth", f"nc={nc}", f"cnonce={_quoted(self._cnonce)}"]
        if challenge.hides_user:
            parts.append("userhash=true")
        return "Digest " + ", ".join(parts)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
