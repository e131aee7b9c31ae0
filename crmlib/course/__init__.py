"""What a course needs around its pages: book, numbers in the prose, self-checks, assignments."""

from crmlib.course.exercises.referee import expected
from crmlib.course.exercises.selfcheck import SelfCheck, self_check
from crmlib.course.glue import glue
from crmlib.course.publish import BookError, Site, build_book, find_root
from crmlib.course.quiz import Quiz, quiz
from crmlib.course.widgets import (
    Control,
    Widget,
    budget_widget,
    cap_widget,
    split_widget,
    threshold_widget,
)

__all__ = [
    "BookError",
    "Control",
    "Quiz",
    "SelfCheck",
    "Site",
    "Widget",
    "budget_widget",
    "build_book",
    "cap_widget",
    "expected",
    "find_root",
    "glue",
    "quiz",
    "self_check",
    "split_widget",
    "threshold_widget",
]
