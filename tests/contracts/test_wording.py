"""What scsim says about health: the scope note is where readers start, and nothing promises or names."""

import hashlib
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

SCOPE_NOTE_EN = (
    "scsim is a teaching and research model. It is not a medical device, drives no hardware, and has "
    "not been validated for any patient. Do not use its output to choose, set or change a stimulator, "
    "a drug, a therapy or an exercise plan. If you have pain or symptoms, speak to a health "
    "professional."
)
SCOPE_NOTE_FR = (
    "scsim est un modèle pour l'enseignement et la recherche. Ce n'est pas un dispositif médical, il "
    "ne pilote aucun appareil et n'a été validé pour aucun patient. N'utilisez pas ses résultats pour "
    "choisir, régler ou modifier un stimulateur, un médicament, un traitement ou un programme "
    "d'exercices. En cas de douleur ou de symptômes, adressez-vous à un professionnel de santé."
)

FORBIDDEN = ("cure", "guaranteed", "recommended settings", "safe dose", "your patient")

# First 16 hexadecimal digits of the SHA-256 of makers' and products' names: one word, or two words
# with a space between, in small letters. Hashes, because a list of names would itself name them.
BRANDS = frozenset(
    re.findall(
        r"[0-9a-f]{16}",
        """
    011853b7b3d17b86 02aac36402b1a485 07fc6d4c89c0f48e 09e8c32ead9abbab 0a2bbed16cc14e97
    0ffd01895379c6cf 10f966685bc199f3 16446be4ebe6214b 167866a970270b8c 16f0622073e28dbe
    187756d9df542cba 1b29c29b8de25cc7 22456b322374d2a1 247383d80ce3d292 2a94e298228d0f17
    2ea4d45930af5f52 390fed96966800e7 395cbf2dcddd2e5a 3d168c7946522bef 3dddd43aeccda7c6
    3e3f00b093eaee3c 3f092001c0dbf0e5 431a43c1cbc3c321 4d5a310b80bc4f9d 4e5e30741a3bd0af
    4e88110ca0485b53 50dd73a42b2635e8 51bcdd786e195ca7 55724eefa189de8f 56910a5ba13a6e6a
    58c2655d4845c186 5ea24c8afb6d8fa0 5f2bf0c2120dd246 605426a0beefec88 619331493b1ec363
    68d452117b1b5926 68f8ce4252b1bb2b 6dfa5ccb318e3782 710ccae56c8a2bc2 7247e64ed9a9f931
    7294e1afc53ae7fe 77d96a582279fed6 7986297c322de480 7a35525c27a06f69 7a5fd1f3e3514bc8
    7b4f51c21214eff4 7d57c5944273f77f 8e60e701447b56a0 8e8c6c33900a30c6 8f0db72cedc51493
    914efde47af1651b 966044b48c666cd4 982d40382042caf1 98f88fe70af9525c 9a414b95ae70cbe8
    9b68b32c57a5bfe2 9bdea4c9af46a8e3 a0f9ef9e841e1acf a64f36443aa7f1b0 a9c72df0f89606cf
    ae669954f34a7cb4 b5bf59648b5b6218 ba75ae5b07552d5a c28fbea80d40c86d c6d98b3cf0d231e2
    c876a68e9f5df716 c8c6c62bb5aa5a43 c96407c83cc5e273 cbf3f45d3444f81b cc5fd8dc26b1f774
    ccb31634978a5ff2 cdc162da43940385 cfa846e0e11e9479 e705988705314e79 eb99b29af4df19d9
    ee0ca20290ec4a3e f17ef23d64206160 f98407019f8c4af6 ffafb84952e94eec
    """,
    )
)

PUBLIC_TEXTS = (
    "*.md",
    "*.cff",
    "docs/**/*",
    "configs/**/*",
    "examples/**/*",
    "src/scsim/data/leads/*",
    "src/scsim/data/templates/*",
)
TEXT_SUFFIXES = {".md", ".cff", ".toml", ".py", ".rst", ".txt", ".svg"}


def public_texts(repository: Path) -> Iterator[Path]:
    for pattern in PUBLIC_TEXTS:
        for path in sorted(repository.glob(pattern)):
            if path.is_file() and path.suffix in TEXT_SUFFIXES:
                yield path


def forbidden_in(text: str) -> set[str]:
    """Give the forbidden expressions that stand in a text as whole words, in any case."""
    flat = " ".join(text.split()).lower()
    return {term for term in FORBIDDEN if re.search(rf"\b{re.escape(term)}\b", flat)}


def brands_in(text: str, brands: frozenset[str] = BRANDS) -> set[str]:
    """Give the words and pairs of words of a text whose hash is on the list."""
    words = re.findall(r"\w+", text.lower())
    terms = {
        *words,
        *(f"{first} {second}" for first, second in pairwise(words)),
    }
    return {term for term in terms if hashlib.sha256(term.encode()).hexdigest()[:16] in brands}


def quotes_of(markdown: str) -> list[str]:
    """Give the block quotes of a Markdown text, each as one line."""
    blocks = re.findall(r"(?:^>.*\n)+", markdown, flags=re.MULTILINE)
    return [" ".join(block.replace(">", " ").split()) for block in blocks]


def test_public_texts_promise_nothing(repository: Path) -> None:
    found = {
        str(path.relative_to(repository)): terms
        for path in public_texts(repository)
        if (terms := forbidden_in(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_public_texts_name_no_maker(repository: Path) -> None:
    found = {
        str(path.relative_to(repository)): terms
        for path in public_texts(repository)
        if (terms := brands_in(path.read_text(encoding="utf-8")))
    }
    assert not found


def test_the_public_texts_are_found(repository: Path) -> None:
    names = {str(path.relative_to(repository)) for path in public_texts(repository)}
    assert {"README.md", "CONTRIBUTING.md", "configs/quickstart.toml"} <= names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This will CURE you.", {"cure"}),
        ("a safe\n  dose of it", {"safe dose"}),
        ("secure, procure, cured: none is the whole word", set()),
        ("recommended settings; guaranteed", {"recommended settings", "guaranteed"}),
    ],
)
def test_forbidden_words_are_seen_as_whole_words(text: str, expected: set[str]) -> None:
    assert forbidden_in(text) == expected


@pytest.mark.parametrize("text", ["the Acme lead", "an ACME.", "made by Foo Bar, 2020", "foo\nbar"])
def test_names_are_seen_alone_and_in_pairs(text: str) -> None:
    brands = frozenset(hashlib.sha256(name).hexdigest()[:16] for name in (b"acme", b"foo bar"))
    assert brands_in(text, brands)
    assert not brands_in("acmes and foo-like bars", brands)


def test_the_list_of_names_is_hashed() -> None:
    assert len(BRANDS) >= 50
    assert all(re.fullmatch(r"[0-9a-f]{16}", brand) for brand in BRANDS)


def test_the_scope_note_opens_the_readme_in_both_languages(repository: Path) -> None:
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert quotes_of(readme)[:2] == [SCOPE_NOTE_EN, SCOPE_NOTE_FR]
    first_section = readme.index("\n## ")
    assert readme.index("> scsim is a teaching") < readme.index("> scsim est un") < first_section


def test_every_results_file_carries_the_same_scope_note() -> None:
    from scsim.study.provenance import DISCLAIMER

    assert DISCLAIMER == SCOPE_NOTE_EN
