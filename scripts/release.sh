#!/usr/bin/env bash
# Build, check and tag the version that stands in moefit/__init__.py. Nothing is published: that is a person's step.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' moefit/__init__.py)

stop() { printf 'release: %s\n' "$*" >&2; exit 1; }

[ -n "$version" ] || stop "moefit/__init__.py names no version"
[ -z "$(git status --porcelain)" ] || stop "there are changes that are not committed"
grep -q "^## \[$version\]" CHANGELOG.md || stop "CHANGELOG.md has no section for $version: scripts/cut_changelog.py makes one"
! sed '1,/^## \[Unreleased\]/d;/^## /,$d' CHANGELOG.md | grep -q . ||
  stop "CHANGELOG.md tells of what is unreleased: scripts/cut_changelog.py cuts it, or it belongs under $version"
! git rev-parse -q --verify "refs/tags/v$version" >/dev/null || stop "v$version is tagged already"

rm -rf dist
.venv/bin/python -m build --outdir dist .
.venv/bin/python -m twine check --strict dist/*

# What the archives hold, and that the wheel runs by itself.
.venv/bin/python scripts/check_package.py

git tag -a "v$version" -m "moefit $version"
echo "tagged v$version; dist/ holds what to publish"
