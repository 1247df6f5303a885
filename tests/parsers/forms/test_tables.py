"""Rows of questions and answers in tables, shape by shape."""

from __future__ import annotations

from daemon.model import FormTable
from daemon.parsers import htmltext
from daemon.parsers.forms.tables import MAX_ROWS, Document, may_have_rows, read_document


def document(html: str) -> Document:
    tree = htmltext.parsed(html)
    assert tree is not None
    return read_document(tree)


def rows(table: FormTable) -> list[tuple[str, str, str | None]]:
    return [(row.label, row.value, row.qid) for row in table.rows]


def test_a_question_table_gives_its_numbers_whatever_stands_before_the_ids() -> None:
    for prefix in ("", "m_75282", "x_"):
        found = document(
            f'<table id="{prefix}emailFieldsTable"><tr><td id="{prefix}question_12">A:</td><td id="{prefix}value_12">1</td></tr></table>'
        )
        assert rows(found.tables[0]) == [("A", "1", "12")]


def test_a_question_table_is_known_by_its_cells_too() -> None:
    found = document('<table><tr><td id="question_3" width="30%">A</td><td>1</td></tr></table>')
    assert (found.tables[0].template, rows(found.tables[0])) == ("2021", [("A", "1", "3")])


def test_the_generations_are_told_apart() -> None:
    def template(cells: str, around: str = "{}") -> str:
        return document(around.format(f"<table id=emailFieldsTable>{cells}</table>")).tables[0].template

    assert template('<tr><td id=question_1 width="30%">A</td><td width="70%">1</td></tr>') == "2021"
    assert template('<tr><td id=question_1 width="170">A</td><td>1</td></tr>') == "2013"
    assert template("<tr><td id=question_1>A</td><td>1</td></tr>", "{}<table id=m_1autoresponder-footer></table>") == "2013"
    assert template("<tr><td>Question</td><td>Answer</td></tr><tr><td>A</td><td>1</td></tr>", "<h3>T</h3>{}") == "2010"
    assert template("<tr><td>A</td><td>1</td></tr>", '<body class="Created on Form Builder">{}</body>') == "2010"
    assert template("<tr><td>A</td><td>1</td></tr>", '<table class="m_1email-container"><tr><td>{}</td></tr></table>') == "2021"


def test_the_row_that_names_the_columns_is_no_answer() -> None:
    for question, answer in (("Question", "Answer"), ("Field", "Value"), ("Frage", "Antwort")):
        found = document(f"<table><tr><th>{question}</th><th>{answer}</th></tr><tr><td>A</td><td>1</td></tr></table>")
        assert rows(found.tables[0]) == [("A", "1", None)]


def test_only_rows_of_exactly_two_cells_are_generic_rows() -> None:
    found = document("<table><tr><td>A</td><td>1</td></tr><tr><td>x</td><td>y</td><td>z</td></tr><tr><th>B</th><td>2</td></tr></table>")
    assert rows(found.tables[0]) == [("A", "1", None), ("B", "2", None)]


def test_a_row_with_a_table_for_its_label_is_layout() -> None:
    found = document("<table><tr><td><table><tr><td>A</td><td>1</td></tr></table></td><td>x</td></tr></table>")
    assert [rows(table) for table in found.tables] == [[("A", "1", None)]]


def test_a_label_row_stands_above_the_row_with_its_answer() -> None:
    found = document(
        "<table><tr><td colspan=2><b>A</b></td></tr><tr><td>&nbsp;</td><td>1</td></tr>"
        "<tr><td colspan=2>Section</td></tr><tr><td colspan=2>B</td></tr><tr><td></td><td>2</td></tr></table>"
    )
    (table,) = found.tables
    assert (table.template, rows(table)) == ("label-row-value-row", [("A", "1", None), ("B", "2", None)])


def test_a_table_in_an_answer_says_where_it_stands() -> None:
    found = document("<table><tr><td>A</td><td>1</td></tr><tr><td>M</td><td><table><tr><td>x</td><td>y</td></tr></table></td></tr></table>")
    assert [table.within for table in found.tables] == [None, (0, 1)]
    assert found.tables[0].rows[1].value == "x | y"


def test_titles_and_links_of_answers_are_not_those_of_the_mail() -> None:
    found = document(
        "<b>bold</b><h3>Title</h3><table id=emailFieldsTable><tr><td><b>A</b></td><td><h2>fake</h2>"
        "<a href='https://x.example/edit/99999999999'>x</a></td></tr></table><a href='https://x.example/edit/11111111111'>edit</a>"
    )
    assert found.titles == ("Title", "bold")
    assert found.links == ("https://x.example/edit/11111111111",)


def test_the_rows_of_a_table_are_bounded() -> None:
    found = document("<table>" + "<tr><td>A</td><td>1</td></tr>" * (MAX_ROWS + 50) + "</table>")
    assert len(found.tables[0].rows) == MAX_ROWS


def test_tables_inside_one_another_cost_no_more_than_the_budget() -> None:
    html = "<table><tr><td>A</td><td>" * 60 + "x" * 1000 + "<b>w</b>" * 20_000 + "</td></tr></table>" * 60
    found = document(html)
    assert sum(len(row.value) for table in found.tables for row in table.rows) <= 1_000_000


def test_the_cheap_question_says_no_to_mails_without_rows() -> None:
    assert not may_have_rows("<p>Hello</p>")
    assert not may_have_rows("<table><tr><td>one</td></tr><tr><td>two</td></tr></table>")
    assert may_have_rows("<TABLE><TR><TD>A</TD><TD>1</TD></TR><TR><TD>B</TD><TD>2</TD></TR></TABLE>")
    assert may_have_rows('<table id="m_1emailFieldsTable">')
