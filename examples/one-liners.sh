#!/bin/sh
# One-liners, each on its own. MODEL is a complete GGUF file.
set -eu
MODEL=${1:?usage: one-liners.sh MODEL.gguf}

# The line, to read or to paste.
moefit args -- llama-server -m "$MODEL" -c 16384

# The line, run later by the same shell; `$(...)` alone would not keep its quotes.
line=$(moefit args -- llama-server -m "$MODEL" -c 16384)
echo "eval \"exec \$line\" would run: $line"

# The line's words one by one, whatever they hold.
moefit args --format null -- llama-server -m "$MODEL" -c 16384 | xargs -0 -r printf '%s\n'

# Does it fit? The exit status says so.
if moefit args -- llama-server -m "$MODEL" -c 131072 >/dev/null 2>&1; then echo "131,072 tokens fit"; fi

# A number out of the plan.
moefit plan --json -- llama-server -m "$MODEL" | python3 -c 'import json, sys; print(json.load(sys.stdin)["predicted"]["seconds"])'

# The same on a card you think of buying.
moefit plan "$MODEL" --gpu rtx-5090 --ram 64GiB --cores 8

# llama-bench, in its own syntax, for the same placement.
moefit args --format llama-bench -- llama-server -m "$MODEL" -c 16384
