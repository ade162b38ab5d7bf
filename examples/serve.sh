#!/bin/sh
# Serve a model as fast as this machine can: serve.sh MODEL.gguf [llama-server options ...]
#
# What you set stays as you set it; moefit adds placement, micro-batch and load mode for the memory that is free now, and
# becomes the server: same PID, so `kill`, systemd and Docker see llama-server itself. Nothing starts if nothing fits.
set -eu
model=${1:?usage: serve.sh MODEL.gguf [llama-server options ...]}
shift
exec moefit run --wait-free 30 -- llama-server -m "$model" --host 127.0.0.1 --port "${PORT:-8080}" "$@"
