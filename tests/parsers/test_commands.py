"""Which lines of a reply are commands, what they take, and what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.parsers.commands import is_greeting, mentions_in, read_commands
from daemon.parsers.keywords import vocabulary


def verbs(text: str) -> list[tuple[str, str]]:
    return [(command.verb, command.argument) for command in read_commands(text).commands]


@pytest.mark.parametrize(
    "line",
    ["#close", "!close", "/close", "＃close", "！ｃｌｏｓｅ", "  #close  ", "* #close", "- #close", "• #close", "# close", "#Close",
     "#CLOSE", "#close.",
     "#close!", "#close:", "#close,", "#close -", "#close...", "\ufeff#close", "#close\u200b", "\xa0#close\xa0", "#close\r"],
)  # fmt: skip
def test_a_line_is_a_command(line: str) -> None:
    assert verbs(line) == [("close", "")]


@pytest.mark.parametrize(
    "line",
    ["close", "You can reply #close when you are done", "# Close the valve first", "#closeout", "#close-out", "#clo\u200bse",
     "#\u200bclose", "#close?",
     "#close.fixed", "> #close", "##close", "#1 priority", "#", "# ", "/var/log is full", "!important", "1. #close", "*#close*", "#close)",
     "-#close", "foo\u2028#close", "#clo\u00adse", "#close_it", "#end of the month"],
)  # fmt: skip
def test_a_line_is_text(line: str) -> None:
    assert verbs(line) == []
    assert read_commands(line).comment == line.strip()


@pytest.mark.parametrize(
    ("line", "argument"),
    [("#close fixed it", "fixed it"), ("#close: fixed it", "fixed it"), ("#close,fixed it", "fixed it"), ("#close - fixed it", "fixed it"),
     ("#close – fixed it", "fixed it"), ("#close. Fixed it", "Fixed it"), ("#close! Fixed it.", "Fixed it."), ("#close—fixed", "fixed")],
)  # fmt: skip
def test_what_separates_verb_and_argument_belongs_to_neither(line: str, argument: str) -> None:
    assert verbs(line) == [("close", argument)]


def test_a_block_takes_the_lines_below_up_to_the_next_command() -> None:
    assert verbs("#plan Friday\n\n\n\nReplace it.\n\n\nPair it.\n#note quick\nand cheap") == [
        ("plan", "Friday\n\nReplace it.\n\nPair it."),
        ("internal", "quick\nand cheap"),
    ]


def test_end_gives_the_lines_below_back_to_the_comment() -> None:
    read = read_commands("Hello,\n#close Replaced.\n#end\nPS: invoice follows.")
    assert [(command.verb, command.argument) for command in read.commands] == [("close", "Replaced.")]
    assert read.comment == "Hello,\nPS: invoice follows."


def test_a_verb_that_takes_its_line_leaves_the_lines_below() -> None:
    read = read_commands("#assign me\nI know this one.")
    assert [(command.verb, command.argument) for command in read.commands] == [("assign", "me")]
    assert read.comment == "I know this one."


def test_words_behind_a_verb_that_takes_none_are_not_lost() -> None:
    assert read_commands("#help the inverter is down").comment == "the inverter is down"
    assert read_commands("#help please, thanks!").comment == ""


def test_lines_are_counted_from_one_and_kept_as_written() -> None:
    read = read_commands("Hi,\r\n\r\n  #Close: fixed\r\n")
    assert [(command.line, command.written, command.tail) for command in read.commands] == [(3, "#Close: fixed", "fixed")]


@pytest.mark.parametrize("above", ["", "Hi team,\n", "\n\nHello Cara,\n\n", "#ack\n", "Guten Tag,\n"])
def test_a_misspelled_command_at_the_top_is_told(above: str) -> None:
    read = read_commands(f"{above}#clsoe fixed\nit works")
    assert [(guess.word, guess.suggestion, guess.rest) for guess in read.unknown] == [("clsoe", "close", "fixed")]
    assert read.near_misses == ()


@pytest.mark.parametrize("above", ["All good here.", "#ack\nWe look at it.", "Hello, the gateway is broken"])
def test_a_misspelled_command_further_down_is_text_with_a_warning(above: str) -> None:
    read = read_commands(f"{above}\n#cloze")
    assert read.unknown == ()
    assert [(guess.word, guess.suggestion) for guess in read.near_misses] == [("cloze", "close")]


@pytest.mark.parametrize("word", ["close", "done", "reopen", "complete", "finished", "resolved"])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_no_misspelling_of_a_harmful_verb_is_ever_executed(word: str, at: int) -> None:
    for wrong in (word[:at] + word[at + 1 :], word[:at] + "x" + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]):
        assert wrong == "resolve" or verbs(f"#{wrong}") == []


def test_an_installations_synonym_is_a_command() -> None:
    read = read_commands("#erledigt alles getauscht", vocabulary({"close": ["erledigt"]}))
    assert [(command.verb, command.argument) for command in read.commands] == [("close", "alles getauscht")]


@pytest.mark.parametrize(
    ("text", "named"),
    [("@marta can you call?", ("marta",)), ("Called. @Marta fyi, @cara.", ("marta", "cara")), ("ask joe@acme.example", ()),
     ("(@cara.ruiz@support.example)", ("cara.ruiz@support.example",)), ("@ marta", ()), ("@marta @MARTA", ("marta",)), ("a@@b", ())],
)  # fmt: skip
def test_an_at_sign_before_a_handle_names_somebody(text: str, named: tuple[str, ...]) -> None:
    assert mentions_in(text) == named


def test_a_comment_that_begins_with_a_handle_is_told_apart() -> None:
    assert read_commands("@marta can you call?").begins_with_mention
    assert not read_commands("Called. @marta fyi").begins_with_mention
    assert not read_commands("joe@acme.example").begins_with_mention


@pytest.mark.parametrize("line", ["Hi,", "hello", "Dear Bob,", "Good morning all,", "Hallo Frau Schmidt,", "Hi team"])
def test_a_greeting(line: str) -> None:
    assert is_greeting(line)


@pytest.mark.parametrize("line", ["", "Hi, the gateway is broken", "History of the case", "Hello world is printed, no more", "Done"])
def test_no_greeting(line: str) -> None:
    assert not is_greeting(line)


def test_a_comment_of_nothing_but_a_greeting_is_marked() -> None:
    assert read_commands("Hi team,\n\n#update Called.").is_greeting
    assert not read_commands("#update Called.").is_greeting


LINES = st.sampled_from(("#ack", "#close fixed", "#end", "text", "", "#cloze x", "> #close", "!note a", "# done", "Hi,", "#assign me"))


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    read_commands(text)


@given(st.lists(LINES, max_size=12))
def test_no_words_are_lost(lines: list[str]) -> None:
    read = read_commands("\n".join(lines))
    kept = "\n".join((read.comment, *(command.argument for command in read.commands), *(guess.written for guess in read.unknown)))
    for word in ("text", "fixed", "> #close", "a", "Hi,", "me"):
        assert kept.count(word) >= min(1, sum(word in line.split(" ", 1) or word == line or line.endswith(word) for line in lines))


@given(st.text(alphabet="ab #!/\n@>", max_size=80))
def test_text_without_a_verb_is_all_comment(text: str) -> None:
    read = read_commands(text)
    assert read.commands == ()
    assert read.comment == text.strip()


@pytest.mark.parametrize(
    "text",
    ["#close" + "." * 100_000, "#" + "a-" * 100_000, "@a." * 60_000, "#ack\n" * 20_000,
     "\n".join(f"#clos{n} x" for n in range(9999)), "- " * 90_000],
    ids=["dots", "hyphens", "mentions", "commands", "guesses", "bullets"],
)  # fmt: skip
def test_long_texts_are_read(text: str) -> None:
    read_commands(text)
