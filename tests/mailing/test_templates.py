"""Template files: what is read, what takes the place of what, and every mistake at once."""

from __future__ import annotations

from pathlib import Path

from daemon.mail.templates import nearest, read_templates

SHIPPED = Path(__file__).parents[2] / "templates"
GOOD = '+++\nsubject = "S"\ndescription = "D"\nvariables = ["house_name"]\n[sample]\nhouse_name = "H"\n+++\nHello {{ house_name }}\n'


def problems(*dirs: Path) -> str:
    return "\n".join(str(problem) for problem in read_templates(dirs)[2])


def test_what_is_shipped_has_no_mistakes_and_every_variable_is_explained():
    found, layout, mistakes = read_templates((SHIPPED,))
    assert mistakes == []
    assert layout
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    assert {variable for template in found.values() for variable in template.variables if f"`{variable}`" not in readme} == set()


def test_a_later_file_takes_the_place_of_its_namesake_wherever_it_lies(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "unknown-sender.md").write_text('+++\nsubject = "Mine"\ndescription = "D"\nvariables = []\n+++\nWords\n', encoding="utf-8")
    found, _, mistakes = read_templates((SHIPPED, tmp_path))
    assert mistakes == []
    assert found["unknown-sender"].subject == "Mine"
    assert found["case-received"].path.startswith(str(SHIPPED))


def test_one_s_own_file_may_use_only_what_the_program_passes(tmp_path):
    front = GOOD.replace("house_name", "house_adress")
    (tmp_path / "unknown-sender.md").write_text(front, encoding="utf-8")
    text = problems(SHIPPED, tmp_path)
    assert "unknown-sender.md: variables.house_adress" in text
    assert "did you mean 'house_address'?" in text


def test_a_directory_that_is_not_there_holds_nothing(tmp_path):
    assert problems(SHIPPED, tmp_path / "nothing") == ""


def test_every_mistake_is_named_at_once(tmp_path):
    (tmp_path / "one.md").write_text("no front matter", encoding="utf-8")
    (tmp_path / "two.md").write_text("+++\nsubject = \n+++\n", encoding="utf-8")
    (tmp_path / "three.md").write_text(GOOD.replace("subject", "subjekt"), encoding="utf-8")
    (tmp_path / "four.md").write_text(GOOD.replace('"S"', "7"), encoding="utf-8")
    (tmp_path / "five.md").write_text(GOOD.replace("\nhouse_name = ", "\nhouse_nam = "), encoding="utf-8")
    (tmp_path / "six.md").write_bytes(b"\xff\xfe")
    (tmp_path / "seven.md").write_text(GOOD + "\U000f0000", encoding="utf-8")
    (tmp_path / "eight.md").write_text(GOOD.replace('["house_name"]', '["a b", 7]'), encoding="utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "one.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "nine.md").write_text(GOOD.replace('"D"', '"D"\ntitle = "T"'), encoding="utf-8")
    (tmp_path / "ten.md").write_text(GOOD.replace('"D"', '"D"\ntitle = "T"'), encoding="utf-8")
    text = problems(tmp_path)
    for name in ("one", "two", "three", "four", "five", "six", "seven", "eight", "ten"):
        assert f"{name}.md: " in text, name
    assert "did you mean 'subject'?" in text
    assert "sample.house_name" in text
    assert "the same name as" in text
    assert "_layout" in text
    assert "_signature" in text


def test_the_nearest_name_is_guessed():
    assert nearest("case_numer", ["case_number", "queue"]) == "case_number"
    assert nearest("xyz", ["case_number"]) is None


def test_a_faq_may_say_how_people_ask_for_it(tmp_path):
    (tmp_path / "faq-one.md").write_text(GOOD.replace('"D"', '"D"\ntitle = "FAQ-One"\nasked = ["how do I", "where is"]'), encoding="utf-8")
    (tmp_path / "faq-two.md").write_text(GOOD.replace('"D"', '"D"\nasked = [7]'), encoding="utf-8")
    (tmp_path / "faq-three.md").write_text(GOOD.replace('"D"', '"D"\nasked = "how"'), encoding="utf-8")
    found, _, _ = read_templates((tmp_path,))
    assert found["faq-one"].asked == ("how do I", "where is")
    assert "faq-two.md: asked" in problems(tmp_path)
    assert "faq-three.md: asked" in problems(tmp_path)


def test_two_titles_that_are_looked_up_alike_are_a_mistake(tmp_path):
    (tmp_path / "one.md").write_text(GOOD.replace('"D"', '"D"\ntitle = "FAQ-Version 5x."'), encoding="utf-8")
    (tmp_path / "two.md").write_text(GOOD.replace('"D"', '"D"\ntitle = "version 5.X"'), encoding="utf-8")
    assert "two.md: title" in problems(tmp_path)
