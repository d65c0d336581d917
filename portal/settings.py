"""Settings: read once from the environment and `.env`, frozen, checked at start. The README lists them."""

import re
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

# The sandbox signs with a key that everybody knows; live mode refuses it.
SANDBOX_KEY = "sandbox-only-key-that-everybody-knows"

USUAL_PORTS = {"http": ":80", "https": ":443"}


class Settings(BaseSettings):
    # Blanks around a value are a slip of whoever pasted it, and blanks alone are no secret
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    mode: Literal["sandbox", "live"] = Field(default="sandbox", validation_alias="PORTAL_MODE")
    database_url: str = Field(default="sqlite:///var/portal.db", validation_alias="PORTAL_DATABASE_URL")
    base_url: str = Field(default="http://127.0.0.1:8000", validation_alias="PORTAL_BASE_URL")
    secret_keys: SecretStr = Field(default=SecretStr(SANDBOX_KEY), validation_alias="PORTAL_SECRET_KEYS")
    company: Path | None = Field(default=None, validation_alias="PORTAL_COMPANY")
    sms: Literal["sandbox", "twilio"] = Field(default="sandbox", validation_alias="PORTAL_SMS")
    email: Literal["sandbox", "smtp"] = Field(default="sandbox", validation_alias="PORTAL_EMAIL")
    smtp_url: SecretStr = Field(default=SecretStr(""), validation_alias="PORTAL_SMTP_URL")
    email_from: str = Field(default="", validation_alias="PORTAL_EMAIL_FROM")
    payments: Literal["sandbox", "stripe"] = Field(default="sandbox", validation_alias="PORTAL_PAYMENTS")
    billing: Literal["embedded", "http"] = Field(default="embedded", validation_alias="PORTAL_BILLING")
    billing_url: str = Field(default="", validation_alias="PORTAL_BILLING_URL")
    billing_key: SecretStr = Field(default=SecretStr(""), validation_alias="PORTAL_BILLING_KEY")
    trusted_proxies: str = Field(default="", validation_alias="PORTAL_TRUSTED_PROXIES")
    twilio_account_sid: str = Field(default="", validation_alias="TWILIO_ACCOUNT_SID")
    twilio_auth_token: SecretStr = Field(default=SecretStr(""), validation_alias="TWILIO_AUTH_TOKEN")
    twilio_from: str = Field(default="", validation_alias="TWILIO_FROM")
    twilio_voice_from: str = Field(default="", validation_alias="TWILIO_VOICE_FROM")
    twilio_api_base: str = Field(default="", validation_alias="TWILIO_API_BASE")
    stripe_api_key: SecretStr = Field(default=SecretStr(""), validation_alias="STRIPE_API_KEY")
    stripe_webhook_secret: SecretStr = Field(default=SecretStr(""), validation_alias="STRIPE_WEBHOOK_SECRET")
    stripe_api_base: str = Field(default="", validation_alias="STRIPE_API_BASE")
    ivr_keys: SecretStr = Field(default=SecretStr(""), validation_alias="PORTAL_IVR_KEYS")
    limits: Literal["on", "load"] = Field(default="on", validation_alias="PORTAL_LIMITS")
    test_phones: str = Field(default="", validation_alias="PORTAL_TEST_PHONES")

    @property
    def live(self) -> bool:
        return self.mode == "live"

    @property
    def keys(self) -> tuple[str, ...]:
        """Oldest first; the last signs."""
        return tuple(key.strip() for key in self.secret_keys.get_secret_value().split(","))

    @property
    def stripe_secrets(self) -> tuple[str, ...]:
        """Of the webhook; two while one takes the other's place."""
        return tuple(filter(None, (secret.strip() for secret in self.stripe_webhook_secret.get_secret_value().split(","))))

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def problems(self) -> list[str]:
        """What would make a start unsafe, each with what to set."""
        found = [
            (not all(self.keys), "PORTAL_SECRET_KEYS has an empty key: set one or more keys, comma-separated, oldest first"),
            (bool(urlsplit(self.base_url).path), "PORTAL_BASE_URL must have no path: set https://HOST"),
            (not self.host, "PORTAL_BASE_URL has no host: set https://HOST"),
            (urlsplit(self.base_url).scheme not in ("https", "http"), "PORTAL_BASE_URL is no address of a page: set https://HOST"),
            (self.sms == "twilio" and not self._twilio, "PORTAL_SMS=twilio needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM"),
            (
                self.payments == "stripe" and not self._stripe,
                "PORTAL_PAYMENTS=stripe needs STRIPE_API_KEY and STRIPE_WEBHOOK_SECRET",
            ),
            (self.email == "smtp" and not self._smtp, "PORTAL_EMAIL=smtp needs PORTAL_SMTP_URL (smtps://…) and PORTAL_EMAIL_FROM"),
            (
                self.billing == "http" and not self._billing,
                "PORTAL_BILLING=http needs PORTAL_BILLING_URL (https://…) and PORTAL_BILLING_KEY",
            ),
        ]
        if self.live:
            found += [
                (SANDBOX_KEY in self.keys, "PORTAL_SECRET_KEYS is not set: live mode needs a secret key of its own"),
                (any(len(key) < 32 for key in self.keys), "PORTAL_SECRET_KEYS has a key of less than 32 characters: set longer ones"),
                (not self.secure, "PORTAL_BASE_URL is not https: set https://HOST"),
                (self.sms == "sandbox", "PORTAL_SMS is sandbox: set twilio"),
                (self.email == "sandbox", "PORTAL_EMAIL is sandbox: set smtp"),
                (self.payments == "sandbox", "PORTAL_PAYMENTS is sandbox: set stripe"),
                (self._stripe_tests, "STRIPE_API_KEY is a test key, which takes no money: set the live one (sk_live_… or rk_live_…)"),
                (self.billing == "http" and self._billing_in_the_clear, "PORTAL_BILLING_URL is not https: set https://HOST"),
                (self.limits == "load", "PORTAL_LIMITS is load: live mode keeps its limits, set on"),
            ]
        return [what for wrong, what in found if wrong]

    @property
    def _twilio(self) -> bool:
        return bool(self.twilio_account_sid and self.twilio_auth_token.get_secret_value() and self.twilio_from)

    @property
    def calls_from(self) -> str:
        """Names and Messaging Services can text, and cannot call."""
        return self.twilio_voice_from or (self.twilio_from if self.twilio_from.startswith("+") else "")

    @property
    def _stripe(self) -> bool:
        return bool(self.stripe_api_key.get_secret_value() and self.stripe_secrets)

    @property
    def _stripe_tests(self) -> bool:
        return self.payments == "stripe" and self.stripe_api_key.get_secret_value().startswith(("sk_test_", "rk_test_"))

    @property
    def _billing(self) -> bool:
        url = urlsplit(self.billing_url)
        return url.scheme in ("https", "http") and bool(url.hostname) and bool(self.billing_key.get_secret_value())

    @property
    def _billing_in_the_clear(self) -> bool:
        """On the way to another machine; on this one nobody listens."""
        url = urlsplit(self.billing_url)
        return url.scheme != "https" and url.hostname not in ("127.0.0.1", "::1", "localhost")

    @property
    def _smtp(self) -> bool:
        url = urlsplit(self.smtp_url.get_secret_value())
        return url.scheme in ("smtp", "smtps") and bool(url.hostname and self.email_from)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        if not url.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("must begin with sqlite:/// or postgresql://")
        if url.removeprefix("sqlite:///") in ("", ":memory:"):
            raise ValueError("must have a file's path after sqlite:///")
        return url

    @field_validator("base_url", "billing_url", "twilio_api_base", "stripe_api_base", "smtp_url")
    @classmethod
    def _readable_url(cls, url: str | SecretStr) -> str | SecretStr:
        try:
            _ = urlsplit(url.get_secret_value() if isinstance(url, SecretStr) else url).port  # looked at when it is asked for
        except ValueError:
            raise ValueError("must be an address such as https://HOST:PORT") from None
        return url

    @field_validator("base_url")
    @classmethod
    def _as_browsers_write_it(cls, url: str) -> str:
        """Their Origin is compared with it (RFC 6454 6.2): small letters, no port that goes without saying, no slash behind."""
        parts = urlsplit(url)
        netloc = parts.netloc.lower().removesuffix(USUAL_PORTS.get(parts.scheme, ":"))
        return parts._replace(netloc=netloc, path=parts.path.rstrip("/")).geturl()

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: str) -> str:
        """As they are compared, in their shortest form; IPv4 as such, however it is wrapped."""
        try:
            given = [ip_address(proxy.strip()) for proxy in proxies.split(",") if proxy.strip()]
        except ValueError:
            raise ValueError("must be IP addresses, comma-separated; no names and no networks") from None
        return ",".join(str(ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else str(ip) for ip in given)

    @field_validator("test_phones")
    @classmethod
    def _agreed_codes(cls, listed: str) -> str:
        if not all(re.fullmatch(r"\+[0-9]+=[0-9]{6}", pair.strip()) for pair in listed.split(",") if pair.strip()):
            raise ValueError("must be telephones with codes of six digits, +972502345678=123456, comma-separated")
        return listed


def read() -> Settings:
    """Raises ValueError with the name of each setting that is wrong, and never what was given: it may be a secret."""
    try:
        return Settings()
    except ValidationError as error:
        raise ValueError("; ".join(map(_sentence, error.errors(include_url=False, include_input=False)))) from None


def _sentence(error: ErrorDetails) -> str:
    what = error["msg"].removeprefix("Value error, ")
    return f"{error['loc'][0]}: {what[0].lower()}{what[1:]}"
