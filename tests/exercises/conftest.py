"""A course with one tiny assignment, released."""

from pathlib import Path

import nbformat
import pytest

from crmlib.course.exercises.classroom import Classroom
from crmlib.course.exercises.source import Assignment, read_assignment
from tests.exercises import tiny


@pytest.fixture(scope="session")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """The tiny assignment."""
    return read_assignment(tiny.write(tmp_path_factory.mktemp("source")))


@pytest.fixture
def room(assignment: Assignment, tmp_path: Path) -> Classroom:
    """A course in which the tiny assignment was released."""
    room = Classroom.open(tmp_path / "course")
    room.release(assignment)
    return room


@pytest.fixture
def blank(room: Classroom) -> object:
    """What a student gets."""
    return nbformat.read(room.root / "release" / "tiny" / "tiny.ipynb", as_version=4)
