"""moefit completes a llama.cpp launch line: the fastest command that fits the machine, and why."""

__version__ = "0.2.0"
