"""The typst compiler: a template and its data in, a tagged PDF out."""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

from typst import Compiler, Fonts

from portal.adapters.papers.glyphs import FONTS
from portal.core.languages import without_isolates

TEMPLATES = Path(__file__).parent / "templates"


class Press:
    """One compiler of the process: its fonts and its parsed templates stay warm. Its first paper takes three times as long."""

    def __init__(self) -> None:
        fonts = Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])
        self._compiler = Compiler(TEMPLATES / "invoice.typ", root=TEMPLATES, font_paths=fonts)
        self._lock = Lock()  # a compiler in use refuses a second caller

    def print(self, template: str, paper: Mapping[str, Any]) -> bytes:
        """PDF/UA-1. The data goes in as JSON, so nothing in it is read as markup; the same data gives the same bytes."""
        said = json.dumps({**paper, "title_bar": without_isolates(paper["name"])})
        # Not as an input of the compiler: it would take its library, and all that it keeps of the templates, for another one.
        main = f'#import "{template}": print\n#print(json(bytes("{_quoted(said)}")))'
        with self._lock:
            printed = self._compiler.compile(main.encode("ascii"), format="pdf", pdf_standards="ua-1")
        assert isinstance(printed, bytes)
        return printed


def _quoted(json: str) -> str:
    """Within a string of typst's. It is printable ASCII: JSON has escaped all else."""
    return json.replace("\\", "\\\\").replace('"', '\\"')
