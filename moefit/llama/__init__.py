"""The real llama.cpp programs: found, asked, verified against and executed. Subprocesses live here only."""
