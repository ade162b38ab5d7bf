"""Where the program begins, as `moefit` and as `python -m moefit`."""

import _signal  # type: ignore[import-not-found]  # what `signal` is written in: that one takes 3 ms to import
import _thread
import sys

# While modules are imported there is nothing to tidy up: Ctrl-C ends the process without a word. What a shell has it ignore stays ignored.
if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def _again(lost: "sys.UnraisableHookArgs") -> None:
    """Ctrl-C in a callback, whose errors Python prints and forgets: it comes again, outside."""
    if lost.exc_type is KeyboardInterrupt:
        _thread.interrupt_main()
    else:
        sys.__unraisablehook__(lost)


sys.unraisablehook = _again

from moefit.cli import main  # noqa: E402 - after what Ctrl-C does

if __name__ == "__main__":
    main()
