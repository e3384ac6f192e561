"""Configs that are broken at random, or hold NaN and infinity, are answered in words and nothing is written."""

import contextlib
import io
import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scsim.cli.main import main
from scsim.errors import ConfigError
from scsim.study.reading.parse import parse_study
from tests.faults.processes import run_scsim
from tests.faults.studies import BRIEF, QUICK

LETTERS = st.text(
    st.characters(exclude_categories=("Cs",))
    | st.sampled_from(list("[]{}=.,#\"'\\\n-_+0123456789eE")),
    max_size=12,
)

WORDS = st.sampled_from(
    [
        "nan", "inf", "-inf", "true", "0", "-1", "1e400", "9" * 400, "0x7f", "1979-05-27", "07:32:00",
        "[]", "{}", "[[case]]", "[case]", '""', "''", "{ sweep = [] }", "{ sweep = {} }",
        "{ sweep = { linspace = [1, 2] } }", "{ sweep = { linspace = [1, 2, 3] } }",
        "{ sweep = { uniform = [1, 2] } }", "{ sweep = { normal = [1, -2] } }", "{ sweep = [1, nan] }",
        "{ sweep = [[1], {}] }", "{ sweep = [1, 2], labels = [1] }", "{ a.b = 1, a.c = 2 }",
        '[sweep]\nmode = "sobol"\nn = 3', '[sweep]\nrepeats = -1', 'include = ["study.toml"]', 'presets = ["x"]',
        "[preset.x]\nbased_on = 'x'", "seed = 18446744073709551616", "[sweep]", "..", "\0", "\ufeff", "\r",
    ]
)  # fmt: skip


@st.composite
def broken_texts(draw: st.DrawFn) -> str:
    """A good config in which some stretches are cut, doubled, moved or replaced."""
    text = draw(st.sampled_from([QUICK, BRIEF]))
    for _ in range(draw(st.integers(1, 4))):
        lines = text.split("\n")
        kind = draw(st.sampled_from(["cut", "write", "line", "swap", "value", "double"]))
        start = draw(st.integers(0, len(text)))
        row = draw(st.integers(0, len(lines) - 1))
        if kind == "cut":
            text = text[:start] + text[start + draw(st.integers(1, 40)) :]
        elif kind == "write":
            text = text[:start] + draw(LETTERS | WORDS) + text[start:]
        elif kind == "line":
            lines.insert(row, draw(LETTERS | WORDS))
            text = "\n".join(lines)
        elif kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[row], lines[other] = lines[other], lines[row]
            text = "\n".join(lines)
        elif kind == "double":
            text += "\n" + lines[row]
        elif "=" in lines[row]:
            lines[row] = lines[row].split("=", maxsplit=1)[0] + "= " + draw(WORDS | LETTERS)
            text = "\n".join(lines)
    return text


def _check(folder: Path, content: bytes, *options: str) -> tuple[int, str, str]:
    """Run ``scsim check`` in this process, in a folder that holds only the config."""
    (folder / "study.toml").write_bytes(content)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["check", "study.toml", *options])
    return code, out.getvalue(), err.getvalue()


def _confirm_answer(folder: Path, content: bytes, *options: str) -> int:
    code, out, err = _check(folder, content, *options)
    assert code in {0, 2}
    if code == 2:
        assert not out
        assert err.startswith("scsim: ")
        assert len(err) < 40_000
    assert os.listdir(folder) == ["study.toml"]  # noqa: PTH208 - names alone
    return code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd")


HARD = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@given(broken_texts())
@settings(HARD, max_examples=150)
def test_a_broken_config_is_answered_in_words(folder: Path, text: str) -> None:
    _confirm_answer(folder, text.encode("utf-8", "surrogatepass"))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_thousands_of_broken_configs_are_answered_in_words(folder: Path) -> None:
    n_good = 0

    @given(broken_texts())
    @settings(HARD, max_examples=4000)
    def answered(text: str) -> None:
        nonlocal n_good
        n_good += _confirm_answer(folder, text.encode("utf-8", "surrogatepass")) == 0

    answered()
    assert 0 < n_good < 4000


@given(st.binary(max_size=400) | LETTERS.map(str.encode))
@settings(HARD, max_examples=40)
def test_any_bytes_are_answered_in_words(folder: Path, content: bytes) -> None:
    _confirm_answer(folder, content)


@given(
    LETTERS
    | st.tuples(st.sampled_from(["stimulus.amplitude_ma", "seed", "lead", "x"]), WORDS).map(
        "=".join
    )
)
@settings(HARD, max_examples=150)
def test_any_override_is_answered_in_words(folder: Path, override: str) -> None:
    _confirm_answer(folder, QUICK.encode(), f"--set={override}")


@given(broken_texts())
@settings(HARD, max_examples=40)
def test_a_config_is_never_read_otherwise_than_toml_reads_it(text: str) -> None:
    """What tomllib refuses is refused; a config that is accepted means what tomllib reads."""
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError):
        with pytest.raises(ConfigError):
            parse_study(text)
        return
    try:
        study = parse_study(text)
    except ConfigError:
        return
    if isinstance(plain.get("title"), str) and not {"preset", "presets", "include"} & plain.keys():
        assert study.title == plain["title"]


def _at_every_number(text: str) -> list[tuple[str, str]]:
    """Name every line of a config whose value is a number, and how it is written otherwise."""
    found = []
    for line in text.splitlines():
        name, sign, value = line.partition(" = ")
        if sign and value[0] in "-0123456789":
            found.append((name, line))
    return found


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
def test_no_number_may_be_nan_or_infinite(
    number: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = _at_every_number(BRIEF)
    assert len(lines) >= 9
    text = BRIEF
    for name, line in lines:
        text = text.replace(line, f"{name} = {number}")
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    assert main(["run", str(path), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    for name, _ in lines:
        assert any(f".{name} = " in row or f" {name} = " in row for row in told.err.splitlines()), (
            f"{name}\n{told.err}"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("{ sweep = [0.6, 1.2, 2.4] }", "{ sweep = [0.6, nan, inf] }"),
        lambda text: text.replace(
            "{ sweep = [0.6, 1.2, 2.4] }", "{ sweep = { linspace = [0.6, inf, 3] } }"
        ),
        lambda text: text.replace("c2 = -1.0", "c2 = nan"),
    ],
    ids=["list", "linspace", "montage"],
)
def test_a_process_refuses_nan_and_infinity_in_words(
    change: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "study.toml").write_text(change(BRIEF), encoding="utf-8")
    ended = run_scsim("run", "study.toml", "--out", "out", folder=tmp_path)
    assert ended.code == 2, ended.err
    assert "nan" in ended.err or "inf" in ended.err
    assert not (tmp_path / "out").exists()
