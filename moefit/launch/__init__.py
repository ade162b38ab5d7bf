"""The language of llama.cpp's command lines: read, understand, complete."""
