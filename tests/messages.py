"""The sentences of the code and the catalogues that translate them. `python -m tests.messages` brings the catalogues up to date."""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALES = ROOT / "portal" / "locales"
LANGUAGES = ("he", "ar", "ru", "en")

WHERE = {"portal": [("**.py", "python")], "templates": [("**", "jinja2")]}
KEYWORDS = {"_": None, "n_": (1, 2), "ngettext": (1, 2)}


def template() -> Catalog:
    """Every sentence that the code and the pages say."""
    found = Catalog()
    for folder, methods in WHERE.items():
        for file, line, message, _comments, context in extract_from_dir(
            ROOT / folder, method_map=methods, options_map={"**": {"encoding": "utf-8"}}, keywords=KEYWORDS
        ):
            found.add(message, None, [(f"{folder}/{file}", line)], context=context)
    return found


def catalogue(language: str) -> Catalog:
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def write(known: Catalog, language: str) -> None:
    """Sorted, without line numbers, dates or names: a change of the file is a change of a sentence."""
    text = BytesIO()
    write_po(text, known, width=0, no_location=True, omit_header=True, sort_output=True, ignore_obsolete=True)
    header = f"Language: {language}", "Content-Type: text/plain; charset=utf-8", f"Plural-Forms: {known.plural_forms}"
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    first = 'msgid ""\nmsgstr ""\n' + "".join(f'"{line}\\n"\n' for line in header)
    path.write_text(f"{first}\n{text.getvalue().decode().strip()}\n", encoding="utf-8")


def main() -> None:
    said = template()
    for language in LANGUAGES:
        known = catalogue(language)
        known.update(said, no_fuzzy_matching=True)
        write(known, language)
        missing = sum(not message.string or message.string == ("",) * len(message.string) for message in known if message.id)
        print(f"{language}: {len(known)} sentences, {missing} to translate")


if __name__ == "__main__":
    main()
