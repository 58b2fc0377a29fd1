"""Says who is asking: to servers and to proxies, with Basic and Digest.

Layer: HTTP. Imports from ``_base``, ``_proto`` and this package.

Basic goes along from the first request on. Digest needs a challenge first; what came with it is
remembered, so that one refusal serves for all that follows. It is filed under the place that the
challenge came from, so that no other place is ever answered with it.
"""

from __future__ import annotations

from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from whirlwind._base.limits import MAX_DIGEST_SESSIONS
from whirlwind._proto.http.digest import DigestSession, digest_challenge
from whirlwind._proto.http.urls import encode_username_password


class Account(NamedTuple):
    """Who one is, and to whom.

    Attributes:
        place: The origin (scheme, host, port), or a proxy: ``("proxy", host, port)``.
        username, password: The name and its password.
        mode: ``"basic"`` or ``"digest"``.
    """

    place: tuple[str, str, int]
    username: str
    password: str
    mode: str


class Authenticator:
    """Writes the fields with credentials of one client.

    Args:
        new_cnonce: Returns a text that nobody can guess: at least 64 random bits, written in
            letters and digits.
        max_sessions: Most challenges to remember; the one not used for longest goes first.
    """

    def __init__(
        self, new_cnonce: Callable[[], str], *, max_sessions: int = MAX_DIGEST_SESSIONS
    ) -> None:
        self._new_cnonce = new_cnonce
        self._max_sessions = max_sessions
        self._sessions: OrderedDict[Account, DigestSession] = OrderedDict()

    def field(self, account: Account, method: str, uri: str) -> str | None:
        """Return the value of ``Authorization`` or ``Proxy-Authorization`` for a request.

        Args:
            account: Who is asking whom.
            method: The request's method.
            uri: What its request line names.

        Returns:
            The value; None if there was no challenge yet, and one is needed.

        Raises:
            ValueError: The mode of authentication is unknown.
        """
        if account.mode == "basic":
            both = encode_username_password(account.username, account.password)
            return "Basic " + b64encode(both).decode("ascii")
        if account.mode != "digest":
            raise ValueError(f"unsupported auth_mode {account.mode}")
        session = self._sessions.get(account)
        if session is None:
            return None
        self._sessions.move_to_end(account)
        return session.authorization(method, uri)

    def learn(self, account: Account, challenges: str | None, *, answered: bool) -> bool:
        """Take the challenges of a response that refused a request.

        Args:
            account: Whose request it was.
            challenges: The value of ``WWW-Authenticate`` or ``Proxy-Authenticate``.
            answered: Whether the request was an answer to a challenge already. Then the password
                is wrong, and to send it once more helps nobody.

        Returns:
            Whether ``field`` has something to say now that it had not before.
        """
        if account.mode != "digest":
            return False
        challenge = digest_challenge(challenges) if challenges and not answered else None
        if challenge is None:
            self._sessions.pop(account, None)
            return False
        self._sessions[account] = DigestSession(
            challenge, account.username, account.password, self._new_cnonce()
        )
        self._sessions.move_to_end(account)
        if len(self._sessions) > self._max_sessions:
            self._sessions.popitem(last=False)
        return True
