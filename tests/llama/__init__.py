"""Tests against the real llama.cpp programs."""
