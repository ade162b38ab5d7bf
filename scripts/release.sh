#!/usr/bin/env bash
# Build, check and tag the version that stands in moefit/__init__.py. Nothing is published: that is a person's step.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' moefit/__init__.py)

stop() { printf 'release: %s\n' "$*" >&2; exit 1; }

[ -n "$version" ] || stop "moefit/__init__.py names no version"
[ -z "$(git status --porcelain)" ] || stop "there are changes that are not committed"
grep -q "^## \[$version\]" CHANGELOG.md || stop "CHANGELOG.md has no section for $version: scripts/cut_changelog.py makes one"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || stop "v$version is tagged already"

rm -rf dist
.venv/bin/python -m build --outdir dist .
.venv/bin/python -m twine check --strict dist/*

# What is in the wheel runs by itself, in an environment of its own.
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q dist/*.whl
"$place/venv/bin/moefit" --version | grep -qF "moefit $version"
"$place/venv/bin/moefit" plan examples/qwen3-30b-a3b-q4_k_m.gguf --gpu rtx-3060 --ram 32GiB --cores 8 >/dev/null

git tag -a "v$version" -m "moefit $version"
echo "tagged v$version; dist/ holds what to publish"
