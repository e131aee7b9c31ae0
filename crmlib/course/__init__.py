"""What a course needs around its pages: the book, numbers in the prose, self-check questions."""

from crmlib.course.glue import glue
from crmlib.course.publish import BookError, Site, build_book, find_root
from crmlib.course.quiz import Quiz, quiz

__all__ = ["BookError", "Quiz", "Site", "build_book", "find_root", "glue", "quiz"]
