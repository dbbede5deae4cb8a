"""A project's own phrases, by way of the message catalogue ``sphinx_attention``."""

from __future__ import annotations

import gettext
import json
import re
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from babel.messages.pofile import read_po, write_po
from bs4 import BeautifulSoup
from click.testing import CliRunner
from sphinx.testing.util import SphinxTestApp

from sphinx_attention.core.phrases import phrases, sections
from sphinx_attention.core.phrases.own import english, fault
from sphinx_attention.hosts.catalogues import template
from sphinx_attention.hosts.cli import main
from tests.hosts.sphinx.test_pages import rebuilt

if TYPE_CHECKING:
    from pathlib import Path

CONF = 'extensions = ["sphinx_attention"]\nattention_model = "builtin"\nlanguage = "fr"\n'
FIGURE = "T\n=\n\n.. attention-figure:: the quick fox\n   :view: matrix\n"
PAGES = {"index.rst": FIGURE, "plain.rst": ":orphan:\n\nP\n=\n"}
HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
FRENCH = {
    "layer": "couche",
    "head": "tête",
    "hint_cell": "Pointez sur une cellule.",
    "save": "Garder",
}


def catalogue(translated: dict[str, str], **sources: str) -> str:
    """A catalogue as translators write it."""
    messages = []
    for name, text in translated.items():
        source = sources.get(name, english().get(name, "unknown"))
        quoted = [json.dumps(one, ensure_ascii=False) for one in (name, source, text)]
        messages.append("msgctxt {}\nmsgid {}\nmsgstr {}\n".format(*quoted))
    return HEADER + "\n".join(messages).replace("\\u0001", "\x01")


def put(folder: Path, text: str, language: str = "fr", locale: str = "locales") -> Path:
    file = folder / locale / language / "LC_MESSAGES" / "sphinx_attention.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def words_of(made, page: str = "index") -> str:
    soup = BeautifulSoup(made.html(page), "html.parser")
    (figure,) = soup.select("figure.attention-figure")
    return " ".join(figure.stripped_strings)


def script_words(made) -> dict[str, str]:
    script = (made.folder / "_build" / "html" / "_static" / "attention.js").read_text("utf-8")
    found = re.match(r"globalThis\.attentionPhrases=(\{.*?\});\n", script)
    return json.loads(found[1]) if found else {}


def test_a_project_translates_figures(project) -> None:
    made = project(PAGES, CONF)
    file = put(made.folder, catalogue(FRENCH))
    made.build("html", strict=True)
    assert "couche" in words_of(made)
    assert "tête" in words_of(made)
    # The script has the same words, and English where there is no other.
    shown_text = script_words(made)
    assert shown_text["save"] == "Garder"
    assert shown_text["hint_cell"] == FRENCH["hint_cell"]
    assert shown_text["strongest"] == english()["strongest"]
    assert file.with_suffix(".mo").is_file(), "Sphinx compiles the catalogue as its own"


def test_a_compiled_catalogue_is_enough(project) -> None:
    made = project(PAGES, CONF)
    file = put(made.folder, catalogue(FRENCH))
    made.build("html", strict=True)
    file.unlink()
    with file.with_suffix(".mo").open("rb") as opened:
        compiled = gettext.GNUTranslations(opened)
    assert compiled.pgettext("layer", "layer") == "couche"
    (made.folder / "_build" / "html" / "index.html").unlink()
    made.build("html", strict=True)
    assert "couche" in words_of(made)


def test_other_builders_have_the_words_too(project) -> None:
    made = project(PAGES, CONF)
    put(made.folder, catalogue({"pairs_heading": "Paires les plus fortes"}))
    made.build("text", strict=True)
    text = (made.folder / "_build" / "text" / "index.txt").read_text(encoding="utf-8")
    assert "Paires les plus fortes" in text


def test_a_catalogue_outweighs_our_own_translation(project) -> None:
    made = project(PAGES, CONF.replace('"fr"', '"de_AT"'))
    put(made.folder, catalogue({"head": "Haupt", "save": "Merken"}), "de")
    put(made.folder, catalogue({"head": "Schädel"}), "de_AT")
    made.build("html", strict=True)
    assert "Schädel" in words_of(made)
    assert "Schicht" in words_of(made)
    assert script_words(made)["save"] == "Merken"
    figure = BeautifulSoup(made.html(), "html.parser").select_one("figure")
    assert figure["lang"] == "de"


def test_english_can_be_changed(project) -> None:
    made = project(PAGES, CONF.replace('"fr"', '"en"'))
    put(made.folder, catalogue({"save": "Keep"}), "en")
    made.build("html", strict=True)
    assert script_words(made)["save"] == "Keep"
    assert "lang" not in BeautifulSoup(made.html(), "html.parser").select_one("figure").attrs


def test_the_first_folder_outweighs_the_others(project) -> None:
    made = project(PAGES, CONF + 'locale_dirs = ["one", "two"]\n')
    put(made.folder, catalogue({"head": "première"}), locale="one")
    put(made.folder, catalogue({"head": "seconde", "layer": "couche"}), locale="two")
    made.build("html", strict=True)
    assert "première" in words_of(made)
    assert "couche" in words_of(made)


@pytest.mark.parametrize("share", ["few", "all"])
def test_a_translation_of_most_phrases_makes_the_language_known(project, share: str) -> None:
    made = project(PAGES, CONF)
    reported = {name: text for name, text in english().items() if share == "all" or name == "head"}
    put(made.folder, catalogue({name: f"« {text} »" for name, text in reported.items()}))
    made.build("html", strict=True)
    soup = BeautifulSoup(made.html(), "html.parser")
    assert soup.select_one("figure").get("lang") == ("fr" if share == "all" else None)
    assert bool(soup.select('figure [lang="en"]')) is (share == "few")


def test_a_hebrew_translation_runs_from_right_to_left(project) -> None:
    made = project(PAGES, CONF.replace('"fr"', '"he"'))
    put(made.folder, catalogue({"layer": "שכבה"}), "he")
    made.build("html", strict=True)
    assert BeautifulSoup(made.html(), "html.parser").select_one("figure")["dir"] == "rtl"


@pytest.mark.parametrize(
    ("name", "text", "sources", "shown_text"),
    [
        ("lair", "couche", {}, "no phrase has the name 'lair' (did you mean pair?)"),
        ("head_named", "tête", {}, "the phrase head_named lacks the placeholder {name}"),
        (
            "head_named",
            "tête {nom}",
            {},
            "the phrase head_named has the placeholder {nom}; expected {name}",
        ),
        ("head", "tête {name}", {}, "this phrase has no placeholders"),
        ("head_named", "tête {name.__class__}", {}, "has the placeholder {name.__class__}"),
        ("head_named", "tête {name!r}", {}, "only a name may stand between braces"),
        ("head_named", "tête {name:>99}", {}, "only a name may stand between braces"),
        ("head_named", "tête {name", {}, "the braces of the phrase head_named cannot be read"),
        ("head_named", "{{tête}} {name}", {}, "a brace has no partner"),
        ("head_named", "{0} {name}", {}, "has the placeholder {0}"),
        ("head", "tête", {"head": "skull"}, "was translated from 'skull', and its English text"),
        ("head", "t\x01te", {}, "which no page can hold"),
    ],
)
def test_a_wrong_phrase_is_reported_at_its_line(
    project, name: str, text: str, sources: dict[str, str], shown_text: str
) -> None:
    made = project(PAGES, CONF)
    put(made.folder, catalogue({"layer": "couche", name: text}, **sources))
    made.build("html")
    (warning,) = made.warnings.strip().splitlines()
    assert shown_text in warning
    assert "sphinx_attention.po:10: WARNING: " in warning
    assert "[attention.translation]" in warning
    assert "couche" in words_of(made)
    assert "tête" not in made.html()


def test_what_is_no_catalogue_is_reported(project) -> None:
    made = project(PAGES, CONF)
    put(made.folder, HEADER + 'msgctxt "head"\nmsgid "head"\nhead = "tête"\n')
    made.build("html")
    assert re.search(
        r"sphinx_attention\.po:7: WARNING: sphinx_attention\.po cannot be read", made.warnings
    )
    assert "head" in words_of(made)


def test_plural_forms_and_messages_without_a_name_are_reported(project) -> None:
    made = project(PAGES, CONF)
    plural = 'msgctxt "count_of_heads"\nmsgid "{count} heads"\nmsgid_plural "{count} heads"\n'
    nameless = 'msgid "layer"\nmsgstr "couche"\n'
    put(made.folder, f'{HEADER}{plural}msgstr[0] "a"\nmsgstr[1] "b"\n\n{nameless}')
    made.build("html")
    assert "phrases have no plural forms" in made.warnings
    assert "the message 'layer' has no msgctxt" in made.warnings


@pytest.mark.parametrize("allowed", [False, True])
def test_fuzzy_messages_count_as_in_sphinx(project, allowed: bool) -> None:
    made = project(PAGES, f"{CONF}gettext_allow_fuzzy_translations = {allowed}\n")
    text = catalogue({"layer": "couche"}).replace("msgctxt", "#, fuzzy\nmsgctxt")
    put(made.folder, text)
    made.build("html", strict=True)
    assert ("couche" in words_of(made)) is allowed


def test_markup_in_a_translation_is_text(project) -> None:
    made = project(PAGES, CONF)
    put(made.folder, catalogue({"layer": '<b title="x">couche</b>', "turn_title": '"onclick="x'}))
    made.build("html", strict=True)
    assert '<b title="x">couche</b>' in words_of(made)
    assert not BeautifulSoup(made.html(), "html.parser").select("[onclick]")


def test_a_changed_catalogue_updates_the_pages(project) -> None:
    wrong = {"wrong.rst": ":orphan:\n\nW\n=\n\n.. attention-figure:: a b\n   :layer: x\n"}
    made = project({**PAGES, **wrong}, CONF)
    made.build("html")
    assert "couche" not in words_of(made)
    assert rebuilt(made) <= {"index"}
    put(made.folder, catalogue({"layer": "couche", "placeholder": "Pas de figure ici."}))
    assert {"index", "wrong"} <= rebuilt(made)
    assert "couche" in words_of(made)
    assert "Pas de figure ici." in made.html("wrong")
    before = (made.folder / "_build" / "html" / "plain.html").stat().st_mtime_ns
    put(made.folder, catalogue({"layer": "niveau", "placeholder": "Rien."}))
    assert {"index", "wrong"} <= rebuilt(made)
    assert "niveau" in words_of(made)
    assert "Rien." in made.html("wrong")
    assert (made.folder / "_build" / "html" / "plain.html").stat().st_mtime_ns == before


def test_two_applications_of_a_process_have_words_of_their_own(project) -> None:
    first, second = project(PAGES, CONF), project(PAGES, CONF)
    put(first.folder, catalogue({"layer": "couche"}))
    put(second.folder, catalogue({"layer": "niveau"}))
    # Both are made before the first of them builds.
    apps = [SphinxTestApp("html", srcdir=made.folder) for made in (first, second)]
    try:
        for app in apps:
            app.build()
    finally:
        for app in reversed(apps):
            app.cleanup()
    assert "couche" in words_of(first)
    assert "niveau" not in words_of(first)
    assert "niveau" in words_of(second)


def test_no_words_go_from_one_build_to_the_next(project) -> None:
    made = project(PAGES, CONF)
    file = put(made.folder, catalogue({"layer": "couche", "save": "Garder"}))
    made.build("html", strict=True)
    assert "couche" in words_of(made)
    assert phrases("fr")("layer") == "layer"
    file.unlink()
    file.with_suffix(".mo").unlink()
    made.build("html", strict=True, freshenv=True)
    assert "couche" not in made.html()
    assert script_words(made) == {}


def test_the_template_has_every_phrase() -> None:
    written = template()
    read = read_po(BytesIO(written), abort_invalid=True)
    messages = {(message.context, message.id) for message in read if message.id}
    assert messages == set(english().items())
    assert not any(message.string for message in read if message.id)
    for message in read:
        assert ("python-brace-format" in message.flags) is bool(re.search(r"\{", str(message.id)))
    assert b"python-format" not in written
    again = BytesIO()
    write_po(again, read, width=100)
    assert read_po(BytesIO(again.getvalue()), abort_invalid=True).get("save", "save") is None


@pytest.mark.parametrize("language", ["de", "ko", "ar"])
def test_a_filled_template_has_no_fault(language: str) -> None:
    read = read_po(BytesIO(template(language)), abort_invalid=True)
    assert str(read.locale) == language
    for message in read:
        if message.id:
            assert fault(message.context, message.string, message.id) == ""
            assert message.string == phrases(language).named([message.context])[message.context]
    assert sum(map(len, sections().values())) == len(read)


def test_the_command_writes_the_template(tmp_path) -> None:
    file = tmp_path / "new" / "sphinx_attention.pot"
    done = CliRunner().invoke(main, ["phrases", "-o", str(file)])
    assert done.exit_code == 0, done.output
    with file.open("rb") as opened:
        assert len(read_po(opened)) == len(english())
    printed = CliRunner().invoke(main, ["phrases", "--language", "ko"])
    assert "가중치" in printed.stdout
    assert CliRunner().invoke(main, ["phrases", "-l", "tlh"]).exit_code == 2
