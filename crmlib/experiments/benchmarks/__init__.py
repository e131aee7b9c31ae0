"""Benchmarks of our own, one file each, declared before they are run."""
