"""What a course needs around its pages: book, numbers in the prose, self-checks, assignments."""

from crmlib.course.exercises.referee import expected
from crmlib.course.exercises.selfcheck import SelfCheck, self_check
from crmlib.course.glue import glue
from crmlib.course.printed import PrintedBook, about_book, build_pdf
from crmlib.course.publish import BookError, Site, build_book, find_root
from crmlib.course.quiz import Quiz, quiz
from crmlib.course.slides import Deck, Slides, build_slides

__all__ = [
    "BookError",
    "Deck",
    "PrintedBook",
    "Quiz",
    "SelfCheck",
    "Site",
    "Slides",
    "about_book",
    "build_book",
    "build_pdf",
    "build_slides",
    "expected",
    "find_root",
    "glue",
    "quiz",
    "self_check",
]
