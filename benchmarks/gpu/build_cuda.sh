#!/bin/sh
# Build llama.cpp's programs with CUDA: build_cuda.sh SOURCE DIR [ARCHITECTURES]
# Prints the folder of the programs. About five minutes on 16 cores; Hopper is 90a-real, this machine's own card `native`.
set -e
source=$(readlink -f "$1")
mkdir -p "$2"
cd "$2"
cmake -S "$source" -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES="${3:-native}" \
    -DGGML_CUDA_NCCL=OFF -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
    -DLLAMA_BUILD_APP=OFF -DLLAMA_USE_PREBUILT_UI=OFF >cmake.log 2>&1 || { tail -20 cmake.log >&2; exit 1; }
cmake --build build --target llama-server llama-bench llama-fit-params >build.log 2>&1 || { tail -30 build.log >&2; exit 1; }
echo "$PWD/build/bin"
