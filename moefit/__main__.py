"""Where the program begins, as `moefit` and as `python -m moefit`."""

import _signal  # type: ignore[import-not-found]  # what `signal` is written in: that one takes 3 ms to import

# While modules are imported there is nothing to tidy up: Ctrl-C ends the process without a word. What a shell has it ignore stays ignored.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

from moefit.cli import main

if __name__ == "__main__":
    main()
