"""The server's side of digest authentication, for the servers and proxies of the tests.

It is written apart from the client's side, and the tests let curl and aiohttp pass it first.
"""

from __future__ import annotations

import hashlib
import re


class DigestCheck:
    """Gives out nonces and checks answers.

    Args:
        username: Whom to let in.
        password: Their password.
        algorithm: As in the challenge.
        qop: As in the challenge; None for a server of before 1999.

    Attributes:
        uses: Most requests that one nonce serves for; further ones hear that it is stale.
        counts: The ``nc`` of each request let in.
        nonce: Number of the nonce that is given out.
    """

    realm = "where things are"
    opaque = "o+/="

    def __init__(
        self,
        username: str = "Mufasa",
        password: str = "Circle, of Life",
        algorithm: str = "SHA-256",
        qop: str | None = "auth",
    ) -> None:
        self.username = username
        self.password = password
        self.algorithm = algorithm
        self.qop = qop
        self.uses = 1_000_000
        self.counts: list[int] = []
        self.nonce = 1
        self._used = 0

    def challenge(self, *, stale: bool = False) -> str:
        """What to send where an answer is missing or wrong."""
        said = f'Digest realm="{self.realm}", nonce="n{self.nonce}", opaque="{self.opaque}"'
        if self.qop is not None:
            said += f', qop="{self.qop}"'
        return said + f", algorithm={self.algorithm}" + (", stale=true" if stale else "")

    def refusal(self, field: str | None, method: str, uri: str) -> str | None:
        """Look at an answer.

        Args:
            field: The value of the field with credentials; None for none.
            method: The request's method.
            uri: What its request line names.

        Returns:
            None if it is right, else the challenge to send.
        """
        if field is None or not field.startswith("Digest "):
            return self.challenge()
        pairs = re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))', field[7:])
        said = {name: quoted or token for name, quoted, token in pairs}
        if said["nonce"] != f"n{self.nonce}" or self._used >= self.uses:
            self.nonce += 1
            self._used = 0
            return self.challenge(stale=True)

        def hashed(text: str) -> str:
            return hashlib.new(
                self.algorithm.lower()[: -5 if sess else None].replace("-", ""), text.encode()
            ).hexdigest()

        sess = self.algorithm.lower().endswith("-sess")
        secret = hashed(f"{self.username}:{self.realm}:{self.password}")
        if sess:
            secret = hashed(f"{secret}:{said['nonce']}:{said['cnonce']}")
        between = said["nonce"]
        if self.qop is not None:
            between += f":{said['nc']}:{said['cnonce']}:{said['qop']}"
        request = hashed(f"{method}:{said['uri']}")
        expected = hashed(f"{secret}:{between}:{request}")
        right = said["response"] == expected and said["opaque"] == self.opaque
        if not right or said["username"] != self.username:
            return self.challenge()
        # The target of the request line. Browsers and curl name the path alone to a proxy as well.
        if not uri.endswith(said["uri"]):
            return self.challenge()
        count = int(said.get("nc", "0"), 16)
        if self.qop is not None and count != self._used + 1:
            return self.challenge(stale=True)
        self._used += 1
        self.counts.append(count)
        return None
