"""`python -m moefit`."""

from moefit.cli import main

main()
