"""A figure, its limit, and how they are shown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`at_most` or `at_least`: what issue or document promises; neither: for comparison."""

    what: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        return (self.at_most is None or self.value <= self.at_most) and (self.at_least is None or self.value >= self.at_least)

    @property
    def limit(self) -> str:
        if self.at_most is not None:
            return f"<= {self.at_most:g}"
        return f">= {self.at_least:g}" if self.at_least is not None else ""


def show(figures: Sequence[Figure]) -> None:
    print(f"\n{'what':44}{'value':>12} {'unit':24}{'limit':>9}       note")
    for figure in figures:
        holds = "" if not figure.limit else "ok" if figure.holds else "OVER"
        print(f"{figure.what:44}{figure.value:12,.2f} {figure.unit:24}{figure.limit:>9} {holds:5} {figure.note}")
