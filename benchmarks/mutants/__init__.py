"""Mutation testing: every change that cosmic-ray makes to placement, memory and formats, each beside the tests that reach it."""
