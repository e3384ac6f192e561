"""Lines of keys in hand-written documents; generated ones are in tests/property."""

import tomllib

import pytest

from scsim.study.reading.lines import key_lines

TEXT = '''\
title = "a"   # a comment with key = 1
"quoted \\"key\\"".'other key' = 1

[stimulus]
text = """
fake = 2 ""\\"" """
amplitude_ma = { sweep = { linspace = [
  0.5, # half
  8.0, 16 ] } }
day = 1979-05-27 07:32:00

[[case]]
name = 'a'
stimulus.pulse_width_us = 3
[case.lead]
empty = []
[[case]]
name = \'\'\'b
c\'\'\'\'\'
[case.lead.inner]
x = +1_000.5e-3
'''


def test_lines_of_a_document_with_everything() -> None:
    lines = key_lines(TEXT, tomllib.loads(TEXT))
    assert lines["title",] == 1
    assert lines['quoted "key"', "other key"] == 2
    assert lines["stimulus", "text"] == 5
    assert ("fake",) not in lines
    assert lines["stimulus", "amplitude_ma"] == 7
    assert lines["stimulus", "amplitude_ma", "sweep", "linspace", 0] == 8
    assert lines["stimulus", "amplitude_ma", "sweep", "linspace", 2] == 9
    assert lines["stimulus", "day"] == 10
    assert lines["case", 0] == 12
    assert lines["case", 0, "stimulus", "pulse_width_us"] == 14
    assert lines["case", 0, "lead", "empty"] == 16
    assert lines["case", 1] == 17
    assert lines["case", 1, "name"] == 18
    assert lines["case", 1, "lead", "inner", "x"] == 21


def test_windows_line_ends_count_once() -> None:
    text = TEXT.replace("\n", "\r\n")
    assert key_lines(text, tomllib.loads(text)) == key_lines(TEXT, tomllib.loads(TEXT))


@pytest.mark.parametrize("text", ["a = 1\nb", "a = [1", "[a", "= 3", 'a = "x', "\x00", "a == 1"])
def test_no_lines_for_what_the_scanner_does_not_understand(text: str) -> None:
    assert key_lines(text, {"a": 1}) == {}


def test_no_lines_when_the_keys_differ_from_those_of_the_parser() -> None:
    assert key_lines("a = 1\n", {"b": 1}) == {}
