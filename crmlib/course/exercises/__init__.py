"""Graded assignments: editions from one source, safe grading, feedback, the class at a glance."""
