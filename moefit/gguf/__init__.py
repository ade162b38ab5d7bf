"""Headers of GGUF files: `read_header(path)` gives a `Header`; only the bytes it needs are read."""
