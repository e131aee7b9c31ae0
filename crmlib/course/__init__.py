"""What a course needs around its pages: book, numbers in the prose, self-checks, assignments."""

from crmlib.course._cleanroom import Checked, check_notebooks
from crmlib.course.exercises.referee import expected
from crmlib.course.exercises.selfcheck import SelfCheck, self_check
from crmlib.course.glue import glue
from crmlib.course.lite import build_lite
from crmlib.course.notebooks import write_notebooks
from crmlib.course.publish import BookError, Site, build_book, find_root
from crmlib.course.quiz import Quiz, quiz

__all__ = [
    "BookError",
    "Checked",
    "Quiz",
    "SelfCheck",
    "Site",
    "build_book",
    "build_lite",
    "check_notebooks",
    "expected",
    "find_root",
    "glue",
    "quiz",
    "self_check",
    "write_notebooks",
]
