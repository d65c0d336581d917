"""Everything secret is derived from the server's keys and stored nowhere: codes, link tokens, signatures.

Keys rotate (F12): the last one makes, any of them is accepted. What has codes names the key that they are derived from, so
that processes which sign with different keys derive the same code (docs/deploy.md).
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache

import pyotp
from itsdangerous import BadSignature, URLSafeSerializer


class Retired(LookupError):
    """The key is no longer known, or not yet."""


@dataclass(frozen=True, slots=True)
class Keys:
    secrets: tuple[bytes, ...]

    @classmethod
    def of(cls, texts: tuple[str, ...]) -> "Keys":
        if not texts or not all(texts):
            raise ValueError("an empty key signs nothing")
        return cls(tuple(text.encode() for text in texts))

    def derive(self, purpose: str) -> bytes:
        return _derive_once(self.secrets[-1], purpose)

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """By each key that is still good, the newest first."""
        return tuple(_derive(key, purpose) for key in reversed(self.secrets))

    def name(self) -> str:
        """A random id of something that has codes; it ends in the name of the key that they are derived from."""
        return name() + _mark(self.secrets[-1])

    def code(self, challenge_id: str, sending: int) -> str:
        """Six digits (HOTP, RFC 4226) for one sending of one challenge. Raises Retired."""
        for key in self.secrets:
            if challenge_id.endswith(_mark(key)):
                return _Hotp(_derive(key, f"code:{challenge_id}")).at(sending)
        raise Retired(challenge_id)

    def code_is(self, said: str, challenge_id: str, sending: int) -> bool:
        """`said` is six ASCII digits: pyotp would take full-width ones."""
        try:
            return hmac.compare_digest(said.encode(), self.code(challenge_id, sending).encode())
        except Retired:
            return False

    def pseudonym(self, purpose: str, value: str) -> str:
        """The same value has the same one until another key signs."""
        return hmac.digest(self.derive(purpose), value.encode(), "sha256").hex()[:32]

    def sign(self, salt: str, value: str) -> str:
        return str(self._serializer(salt).dumps(value))

    def unsign(self, salt: str, token: str) -> str | None:
        """What was signed for this door; None for anything else."""
        try:
            value = self._serializer(salt).loads(token)
        except BadSignature:
            return None
        return value if isinstance(value, str) else None

    def _serializer(self, salt: str) -> URLSafeSerializer:
        return URLSafeSerializer(list(self.secrets), salt=f"portal:{salt}", signer_kwargs={"digest_method": hashlib.sha256})


def token() -> str:
    """256 bits that nobody guesses, for a cookie."""
    return secrets.token_urlsafe(32)


def name() -> str:
    """A random id that is not secret."""
    return secrets.token_hex(8)


def fingerprint(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


@lru_cache
def _mark(key: bytes) -> str:
    return _derive(key, "mark").hex()[:8]


@lru_cache
def _derive_once(key: bytes, purpose: str) -> bytes:
    """For purposes that are few."""
    return _derive(key, purpose)


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode(), "sha256")


class _Hotp(pyotp.HOTP):
    """By a key of bytes: as base32 and back it would cost more than the code."""

    def __init__(self, key: bytes) -> None:
        self.key = key  # before pyotp reads it
        super().__init__("", digest=hashlib.sha256)

    def byte_secret(self) -> bytes:
        return self.key
