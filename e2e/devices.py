"""The phones that the stories are told on, and the ways of telling them."""

from dataclasses import dataclass
from typing import Any

ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148"

DEVICES: dict[str, dict[str, Any]] = {
    "android": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "user_agent": ANDROID},
    "iphone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "user_agent": IPHONE},
    "320px": {"viewport": {"width": 320, "height": 568}, "device_scale_factor": 2, "user_agent": ANDROID},
}


@dataclass(frozen=True, slots=True)
class Way:
    """Who tells the story: on which phone, in which language, with scripts or without."""

    device: str
    language: str
    javascript: bool = True

    def __str__(self) -> str:
        return f"{self.device}-{self.language}-{'js' if self.javascript else 'nojs'}"

    @property
    def context(self) -> dict[str, Any]:
        return {
            **DEVICES[self.device],
            "is_mobile": True,
            "has_touch": True,
            "locale": {"he": "he-IL", "ar": "ar-IL", "en": "en-GB", "ru": "ru-RU"}[self.language],
            "java_script_enabled": self.javascript,
        }


# In each language once, with scripts and without; whether a page fits is asked by a script, so of the narrowest phone.
TWO = (Way("320px", "he"), Way("iphone", "en", javascript=False))
# With these each language meets scripts and none, and there is a phone of each width.
TWO_MORE = (Way("android", "en"), Way("android", "he", javascript=False))
ALL = tuple(Way(device, language, javascript) for device in DEVICES for language in ("he", "en") for javascript in (True, False))
