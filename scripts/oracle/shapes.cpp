// Which tensors llama.cpp makes of a model's metadata alone: shapes FILE.gguf prints one "name ne0 ne1 ..." a line.
// The file needs no tensors. Optional tensors are among them, multi-token-prediction blocks too; nothing is allocated.
#include "llama.h"
#include "gguf.h"
#include "ggml.h"
#include "llama-model.h"
#include <cstdio>

int main(int argc, char ** argv) {
    if (argc != 2) { fprintf(stderr, "usage: shapes FILE.gguf\n"); return 2; }
    gguf_init_params how = { /*.no_alloc =*/ true, /*.ctx =*/ nullptr };
    gguf_context * metadata = gguf_init_from_file(argv[1], how);
    if (!metadata) { return 1; }
    llama_backend_init();
    ggml_backend_dev_t none[] = { nullptr };
    llama_model_params params = llama_model_default_params();
    params.devices  = none;
    params.no_alloc = true;
    params.load_mtp = true;
    llama_model * model = llama_model_init_from_user(metadata, [](ggml_tensor *, void *) {}, nullptr, params);
    if (!model) { return 1; }
    for (const auto & [name, t] : model->tensors_by_name) {
        printf("%s", name.c_str());
        for (int i = 0; i < ggml_n_dims(t); i++) { printf(" %lld", (long long) t->ne[i]); }
        printf("\n");
    }
    fflush(stdout);
    _Exit(0);
}
