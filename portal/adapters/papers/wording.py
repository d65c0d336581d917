"""How a paper says a value: in its language, each with the direction that is its own (UAX #9 isolates)."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from babel import Locale

from portal.adapters.papers.glyphs import printable
from portal.core.languages import FSI, PDI, Language, Text, Value, Words, day, isolated, money, worded
from portal.core.money import Money


@dataclass(frozen=True, slots=True)
class Wording:
    language: Language

    def say(self, sentence: Text) -> str:
        """Whatever somebody else wrote in it is made printable."""
        return replace(sentence, values={name: self._printable(value) for name, value in sentence.values.items()}).say(self.language)

    def text(self, written: str) -> str:
        """What somebody else wrote: a name in another script reads in its own direction."""
        clean = printable(written)
        return clean if not clean or (clean.isascii() and self.language.direction == "ltr") else f"{FSI}{clean}{PDI}"

    def paragraphs(self, written: str) -> list[str]:
        return [self.text(line) for line in written.splitlines() if line.strip()]

    def name(self, title: Text, number: str) -> str:
        return f"{self.say(title)} {self.text(number)}"

    def country(self, code: str) -> str:
        return self.text(Locale.parse(self.language.locale).territories.get(code, code))

    def day(self, on: date) -> str:
        return printable(day(on, self.language))

    def money(self, amount: Money) -> str:
        return self._ltr(money(amount))

    def number(self, number: Decimal) -> str:
        """As written: 0.1250 keeps its four places."""
        return self._ltr(f"{number:,f}")

    def percent(self, rate: Decimal) -> str:
        return self._ltr(f"{rate.normalize():f}%")

    def _printable(self, value: Value) -> Value:
        match value:
            case str():
                return printable(value)
            case Words():
                return printable(worded(value.by_language, self.language))
            case _:
                return value

    def _ltr(self, said: str) -> str:
        return isolated(said) if self.language.direction == "rtl" else said
