"""Placement: the three strategies, each one pure function over sizes and rooms."""
