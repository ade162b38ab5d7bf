// recorder: asks llama.cpp, on the real devices of this machine, what launches would take. Nothing is allocated.
//
// Each line of stdin is one question, fields separated by tabs: id, outputs, parser, flags.
//   outputs  0: the whole ubatch, as llama-fit-params and llama-bench reserve; N: N rows, as llama-server does
//   parser   "server" or "fit": whose options the flags are
//   flags    as on a command line, separated by blanks
// Each line of stdout is an answer as JSON: bytes for each buffer type, and the log lines that carry sizes.
#include "arg.h"
#include "common.h"
#include "ggml-backend.h"
#include "llama-ext.h"
#include "llama.h"
#include "log.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

static std::vector<std::string> lines;
static std::string              pending;

static void keep_sizes(ggml_log_level, const char * text, void *) {
    pending += text;
    for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
        const std::string line = pending.substr(0, end);
        for (const char * word : { "buffer size", "sched copies", "splits", " size = ", "assigned to device", "fused", "error", "failed" }) {
            if (line.find(word) != std::string::npos) {
                lines.push_back(line);
                break;
            }
        }
    }
}

static std::string json_string(const std::string & text) {
    std::string out = "\"";
    for (const unsigned char c : text) {
        if (c == '"' || c == '\\') { out += '\\'; }
        out += c < 32 ? ' ' : (char) c;
    }
    return out + '"';
}

static void print_buffers(llama_context * context) {
    printf(",\"n_ctx\":%u,\"n_batch\":%u,\"n_ubatch\":%u,\"n_seq\":%u,\"bufts\":[", llama_n_ctx(context), llama_n_batch(context),
           llama_n_ubatch(context), llama_n_seq_max(context));
    const char * comma = "";
    for (const auto & [type, held] : llama_get_memory_breakdown(context)) {
        const ggml_backend_dev_t device = ggml_backend_buft_get_device(type);
        printf("%s{\"buft\":\"%s\",\"dev\":\"%s\",\"host\":%s,\"model\":%zu,\"context\":%zu,\"compute\":%zu}", comma,
               ggml_backend_buft_name(type), device ? ggml_backend_dev_name(device) : "",
               ggml_backend_buft_is_host(type) ? "true" : "false", held.model, held.context, held.compute);
        comma = ",";
    }
    printf("]");
}

static void answer(const std::string & id, int outputs, bool server, const std::string & flags) {
    std::vector<std::string> words = { "recorder" };
    std::istringstream       split(flags);
    for (std::string word; split >> word;) { words.push_back(word); }
    std::vector<char *> argv;
    for (auto & word : words) { argv.push_back(word.data()); }

    lines.clear();
    common_params params;
    llama_model *   model   = nullptr;
    llama_context * context = nullptr;
    if (common_params_parse((int) argv.size(), argv.data(), params, server ? LLAMA_EXAMPLE_SERVER : LLAMA_EXAMPLE_FIT_PARAMS)) {
        if (params.n_parallel < 1) { // llama-server's own choice (tools/server/server.cpp)
            params.n_parallel = 4;
            params.kv_unified = true;
        }
        auto of_model   = common_model_params_to_llama(params);
        auto of_context = common_context_params_to_llama(params);
        of_model.no_alloc  = true;
        of_model.load_mode = LLAMA_LOAD_MODE_NONE;
        if (outputs) { of_context.n_outputs_max = outputs; }
        llama_log_set(keep_sizes, nullptr);
        model   = llama_model_load_from_file(params.model.path.c_str(), of_model);
        context = model ? llama_init_from_model(model, of_context) : nullptr;
    }
    printf("{\"id\":%s,\"ok\":%s", json_string(id).c_str(), context ? "true" : "false");
    if (context) { print_buffers(context); }
    printf(",\"log\":[");
    for (size_t i = 0; i < lines.size(); i++) { printf("%s%s", i ? "," : "", json_string(lines[i]).c_str()); }
    printf("]}\n");
    fflush(stdout);
    llama_free(context);
    llama_model_free(model);
}

int main() {
    common_init();
    common_log_set_verbosity_thold(-1);
    common_log_pause(common_log_main());
    llama_backend_init();
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream fields(line);
        std::string        id, outputs, parser, flags;
        std::getline(fields, id, '\t');
        std::getline(fields, outputs, '\t');
        std::getline(fields, parser, '\t');
        std::getline(fields, flags);
        answer(id, atoi(outputs.c_str()), parser == "server", flags);
    }
    _Exit(0);
}
