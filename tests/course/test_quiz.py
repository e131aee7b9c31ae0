"""A quiz is read whole or refused with the question named, and shows no answer unasked."""

from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from crmlib.course import quiz

ROOT = Path(__file__).parents[2]
QUIZZES = sorted(ROOT.glob("chapters/*/*.quiz.toml"))

QUESTION = """
[[question]]
text = "Is `a < b`?"
[[question.option]]
text = "yes"
feedback = "Indeed."
right = true
[[question.option]]
text = "no"
feedback = "Look again."
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "page.quiz.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_text_is_escaped_and_backticks_become_code(file):
    html = quiz(file(QUESTION))._repr_html_()
    assert "<code>a &lt; b</code>" in html


def test_every_option_has_its_own_label_and_feedback(file):
    soup = BeautifulSoup(quiz(file(QUESTION + QUESTION))._repr_html_(), "html.parser")
    inputs = soup.find_all("input")
    assert len({tag["id"] for tag in inputs}) == len(inputs) == 4
    assert len({tag["name"] for tag in inputs}) == 2, "one group for each question"
    for tag in inputs:
        assert soup.find("label", attrs={"for": tag["id"]})
        assert tag.find_parent("div").find("p", attrs={"role": "status"})


def test_the_same_file_gives_the_same_bytes(file):
    path = file(QUESTION)
    assert quiz(path)._repr_html_() == quiz(path)._repr_html_()


def test_it_uses_no_script_and_asks_nobody(file):
    html = quiz(file(QUESTION))._repr_html_()
    assert "<script" not in html
    assert "http" not in html


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("", "holds no"),
        ("[[question]\n", "not valid TOML"),
        (QUESTION.replace("right = true\n", ""), "question 1 needs exactly one option .* found 0"),
        (QUESTION.replace('"Look again."', '"Look again."\nright = true'), "found 2"),
        (QUESTION.replace('feedback = "Look again."\n', ""), "question 1 lacks 'feedback'"),
        (QUESTION.replace('text = "Is `a < b`?"\n', ""), "question 1 lacks 'text'"),
        (QUESTION.replace("right", "correct"), "unknown key 'correct'"),
        ('[[question]]\ntext = "Alone?"\noption = []\n', "at least two"),
    ],
)
def test_a_broken_file_is_refused_and_the_question_named(file, broken, message):
    with pytest.raises(ValueError, match=message):
        quiz(file(broken))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.toml"):
        quiz(tmp_path / "nothing.toml")


@pytest.mark.parametrize("path", QUIZZES, ids=lambda path: path.name)
def test_the_right_answer_of_a_chapters_quiz_is_not_always_in_the_same_place(path):
    questions = quiz(path).questions
    places = [[option.right for option in question.options].index(True) for question in questions]
    assert len(questions) >= 3
    assert len(set(places)) > 1


def test_the_right_answers_of_the_book_cannot_be_guessed_from_length_or_place():
    questions = [question for path in QUIZZES for question in quiz(path).questions]
    longest, places = 0, [0, 0, 0]
    for question in questions:
        lengths = {option.right: [] for option in question.options}
        for option in question.options:
            lengths[option.right].append(len(option.text))
        right, wrong = lengths[True][0], max(lengths[False])
        assert right <= 1.2 * wrong + 8, f"the right answer stands out: {question.text}"
        longest += right > wrong
        places[[option.right for option in question.options].index(True)] += 1
    assert longest < 0.4 * len(questions)
    assert min(places) > 0.2 * len(questions)
