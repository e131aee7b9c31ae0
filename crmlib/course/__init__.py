"""What a course needs around its pages: book, numbers in the prose, self-checks, assignments."""

from crmlib.course.differences import Change, changed_pages
from crmlib.course.exercises.referee import expected
from crmlib.course.exercises.selfcheck import SelfCheck, self_check
from crmlib.course.glue import glue
from crmlib.course.links import check_site
from crmlib.course.publish import BookError, Site, build_book, find_root
from crmlib.course.publishing import Publication, publish_book
from crmlib.course.quiz import Quiz, quiz
from crmlib.course.release import verify_release, write_release
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
    "Change",
    "Control",
    "Publication",
    "Quiz",
    "SelfCheck",
    "Site",
    "Widget",
    "budget_widget",
    "build_book",
    "cap_widget",
    "changed_pages",
    "check_site",
    "expected",
    "find_root",
    "glue",
    "publish_book",
    "quiz",
    "self_check",
    "split_widget",
    "threshold_widget",
    "verify_release",
    "write_release",
]
