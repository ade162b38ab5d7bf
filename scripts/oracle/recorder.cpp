// recorder: like `llama-fit-params --fit-print on`, but prints one JSON object with exact bytes
// per buffer type, plus the loader/context log lines that carry sizes.  Takes the same flags.
//   env ORACLE_OUTPUTS=N     set n_outputs_max (llama-server sets it to n_parallel; fit-params leaves n_batch)
//   env ORACLE_CUDA=1        make every RPC device behave like a CUDA device to the scheduler and allocator:
//                         op offload (batch >= 32), pinned host buffer type (so no CPU_REPACK),
//                         alignment of ORACLE_ALIGNMENT bytes where given,
//                         512-element row padding of quantised tensors, f16 scratch for FA over a quantised cache,
//                         the FA head-size table of an Ampere-or-newer GPU
//   env ORACLE_SERVER=1      parse flags as llama-server does (for --kv-unified, --spec-type, ...); with --spec-type draft-mtp the
//                         context of the multi-token-prediction blocks is made too, and reported as "mtp"
//   env ORACLE_GRAPH=FILE    also dump every node of the prompt graph
#include "llama.h"
#include "llama-ext.h"
#include "llama-context.h"
#include "arg.h"
#include "common.h"
#include "log.h"
#include "speculative.h"
#include "ggml-backend.h"
#include "ggml-backend-impl.h"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static std::vector<std::string> g_lines;
static std::string g_cur;

static std::string esc(const std::string & s) {
    std::string o;
    for (unsigned char c : s) {
        if (c == '"' || c == '\\') { o += '\\'; o += c; }
        else if (c < 32) { o += ' '; }
        else { o += c; }
    }
    return o;
}

namespace cuda_like {
static size_t alloc_size(ggml_backend_buffer_type_t, const ggml_tensor * t) {
    size_t size = ggml_nbytes(t);
    if (t->op == GGML_OP_FLASH_ATTN_EXT) {
        const ggml_tensor * K = t->src[1];
        const ggml_tensor * V = t->src[2];
        const bool same = V->view_src && (V->view_src == K || (V->view_src == K->view_src && V->view_offs == K->view_offs));
        const bool vec  = t->src[0]->ne[1] <= 2 && K->ne[0] <= 256 && K->ne[0] % 64 == 0;
        if (!vec && K->type != GGML_TYPE_F16) { size = GGML_PAD(size, 128) + 2 * ggml_nelements(K); }
        if (!vec && V->type != GGML_TYPE_F16 && !same) { size = GGML_PAD(size, 128) + 2 * ggml_nelements(V); }
    }
    if (ggml_is_quantized(t->type) && t->ne[0] % 512 != 0) {
        size += ggml_row_size(t->type, 512 - t->ne[0] % 512);
    }
    return size;
}

static size_t alignment(ggml_backend_buffer_type_t) {
    static const size_t bytes = (size_t) atoi(getenv("ORACLE_ALIGNMENT"));
    return bytes;
}

static bool offload(ggml_backend_dev_t, const ggml_tensor * op) {
    switch (op->op) {
        case GGML_OP_GET_ROWS:   return false;
        case GGML_OP_MUL_MAT:    return op->ne[1] >= 32;
        case GGML_OP_MUL_MAT_ID:
        case GGML_OP_ROPE:       return op->ne[2] >= 32;
        default:                 return ggml_nrows(op) >= 32;
    }
}

static bool is_attended(ggml_type type) {
    switch (type) {
        case GGML_TYPE_F32: case GGML_TYPE_F16: case GGML_TYPE_BF16: case GGML_TYPE_Q4_0: case GGML_TYPE_Q4_1:
        case GGML_TYPE_Q5_0: case GGML_TYPE_Q5_1: case GGML_TYPE_Q8_0: return true;
        default: return false;
    }
}

static bool supports(ggml_backend_dev_t, const ggml_tensor * op) {
    if (op->op != GGML_OP_FLASH_ATTN_EXT) { return true; }
    if (!is_attended(op->src[1]->type) || !is_attended(op->src[2]->type)) { return false; }
    const int64_t k = op->src[1]->ne[0], v = op->src[2]->ne[0], gqa = op->src[0]->ne[2] / op->src[1]->ne[2];
    const bool opt = gqa >= 2 && op->src[3] && op->src[1]->ne[1] % 256 == 0;
    switch (k) {
        case 40: case 64: case 72: case 80: case 96: case 112: case 128: case 256: return v == k;
        case 192: return v == 128 && opt && gqa % 8 == 0;
        case 320: return v == 256 && opt && gqa % 32 == 0;
        case 512: return v == k && opt;
        case 576: return v == 512 && opt;
        default:  return false;
    }
}

static ggml_backend_buffer_type host;
static ggml_backend_buffer_type_t get_host(ggml_backend_dev_t) { return &host; }

static void patch() {
    host = *ggml_backend_cpu_buffer_type();
    host.iface.get_name = [](ggml_backend_buffer_type_t) -> const char * { return "GPU_Host"; };
    for (size_t i = 0; i < ggml_backend_dev_count(); i++) {
        ggml_backend_dev_t dev = ggml_backend_dev_get(i);
        if (ggml_backend_dev_type(dev) != GGML_BACKEND_DEVICE_TYPE_GPU) { continue; }
        if (!host.device) { host.device = dev; }
        dev->iface.offload_op           = offload;
        dev->iface.supports_op          = supports;
        dev->iface.get_host_buffer_type = get_host;
        ggml_backend_buffer_type_t b = ggml_backend_dev_buffer_type(dev);
        b->iface.get_alloc_size = alloc_size;
        if (getenv("ORACLE_ALIGNMENT")) { b->iface.get_alignment = alignment; }
    }
}
}

#ifndef ORACLE_NO_MAIN
int main(int argc, char ** argv) {
    common_params params;
    common_init();
    common_log_set_verbosity_thold(-1);
    if (!common_params_parse(argc, argv, params, getenv("ORACLE_SERVER") ? LLAMA_EXAMPLE_SERVER : LLAMA_EXAMPLE_FIT_PARAMS)) {
        return 1;
    }
    common_log_pause(common_log_main());
    llama_log_set([](ggml_log_level, const char * t, void *) {
        static const bool all = getenv("ORACLE_LOG") != nullptr; // everything to stderr (with GGML_SCHED_DEBUG=2: splits)
        if (all) { fputs(t, stderr); }
        g_cur += t;
        size_t p;
        while ((p = g_cur.find('\n')) != std::string::npos) {
            const std::string l = g_cur.substr(0, p);
            g_cur.erase(0, p + 1);
            for (const char * k : {"buffer size", "sched copies", "splits", "pipeline", "flash", "Flash", " size = ", "n_ctx ", "n_ctx_seq", "n_outputs_max ", "n_ubatch", "n_batch", "assigned to device", "enabled", "disabled", "error", "failed", "fused", "attn_rot"}) {
                if (l.find(k) != std::string::npos) { g_lines.push_back(l); break; }
            }
        }
    }, nullptr);
    llama_backend_init();
    if (getenv("ORACLE_CUDA")) { cuda_like::patch(); }
    if (params.n_parallel < 1) { params.n_parallel = 4; params.kv_unified = true; } // as llama-server's "auto"
    auto mp = common_model_params_to_llama(params);
    auto cp = common_context_params_to_llama(params);
    mp.no_alloc  = true;
    mp.load_mode = LLAMA_LOAD_MODE_NONE;
    if (const char * e = getenv("ORACLE_OUTPUTS")) { cp.n_outputs_max = atoi(e); }
    auto t0 = std::chrono::steady_clock::now();
    llama_model * model = llama_model_load_from_file(params.model.path.c_str(), mp);
    auto t1 = std::chrono::steady_clock::now();
    llama_context * ctx = model ? llama_init_from_model(model, cp) : nullptr;
    auto t2 = std::chrono::steady_clock::now();
    printf("{\"ok\":%s", ctx ? "true" : "false");
    if (ctx) {
        printf(",\"n_ctx\":%u,\"n_ctx_seq\":%u,\"n_batch\":%u,\"n_ubatch\":%u,\"n_seq\":%u", llama_n_ctx(ctx), llama_n_ctx_seq(ctx), llama_n_batch(ctx), llama_n_ubatch(ctx), llama_n_seq_max(ctx));
        printf(",\"model_size\":%llu,\"n_devices\":%d", (unsigned long long) llama_model_size(model), llama_model_n_devices(model));
        auto breakdown = [](const char * key, llama_context * c) {
            printf(",\"%s\":[", key);
            bool first = true;
            for (const auto & [buft, mb] : llama_get_memory_breakdown(c)) {
                ggml_backend_dev_t dev = ggml_backend_buft_get_device(buft);
                printf("%s{\"buft\":\"%s\",\"dev\":\"%s\",\"host\":%s,\"model\":%zu,\"context\":%zu,\"compute\":%zu}", first ? "" : ",",
                    ggml_backend_buft_name(buft), dev ? ggml_backend_dev_name(dev) : "", ggml_backend_buft_is_host(buft) ? "true" : "false",
                    mb.model, mb.context, mb.compute);
                first = false;
            }
            printf("]");
        };
        breakdown("bufts", ctx);
        const auto & types = params.speculative.types;
        if (mp.load_mtp && std::find(types.begin(), types.end(), COMMON_SPECULATIVE_TYPE_DRAFT_MTP) != types.end()) {
            // as common_speculative_init_from_params makes it
            common_params draft = common_base_params_to_speculative(params);
            auto dp = common_context_params_to_llama(draft);
            dp.ctx_type  = LLAMA_CONTEXT_TYPE_MTP;
            dp.n_ctx     = llama_n_ctx(ctx);
            dp.n_rs_seq  = 0;
            dp.ctx_other = ctx;
            if (llama_context * mtp = llama_init_from_model(model, dp)) { breakdown("mtp", mtp); }
        }
    }
    printf(",\"t_load\":%.4f,\"t_ctx\":%.4f,\"log\":[", std::chrono::duration<double>(t1 - t0).count(), std::chrono::duration<double>(t2 - t1).count());
    for (size_t i = 0; i < g_lines.size(); i++) { printf("%s\"%s\"", i ? "," : "", esc(g_lines[i]).c_str()); }
    printf("]}\n");
    fflush(stdout);
    if (const char * gfile = getenv("ORACLE_GRAPH"); gfile && ctx) {
        FILE * f = fopen(gfile, "w");
        const uint32_t n_tok = std::min(llama_n_ctx(ctx), llama_n_ubatch(ctx));
        const uint32_t n_seq = llama_n_seq_max(ctx);
        ggml_cgraph * gf = llama_graph_reserve(ctx, n_tok, n_seq, std::min<uint32_t>(n_tok, cp.n_outputs_max ? cp.n_outputs_max : llama_n_batch(ctx)));
        // i, op, name, type, ne, bytes, flags, backend, own id, view_src id, src ids, strides (leafs appear as sources only)
        auto line = [&](int i, ggml_tensor * t) {
            ggml_backend_t be = ggml_backend_sched_get_tensor_backend(ctx->get_sched(), t);
            fprintf(f, "%d\t%s\t%s\t%s\t%lld,%lld,%lld,%lld\t%zu\t%d\t%s\t%p\t%p\t", i, ggml_op_name(t->op), t->name, ggml_type_name(t->type),
                (long long) t->ne[0], (long long) t->ne[1], (long long) t->ne[2], (long long) t->ne[3], ggml_nbytes(t), t->flags,
                be ? ggml_backend_name(be) : t->buffer ? "WEIGHT" : "?", (void *) t, (void *) t->view_src);
            for (int j = 0; j < GGML_MAX_SRC && t->src[j]; j++) { fprintf(f, "%s%p", j ? "," : "", (void *) t->src[j]); }
            fprintf(f, "\t%zu,%zu,%zu,%zu\n", t->nb[0], t->nb[1], t->nb[2], t->nb[3]);
        };
        std::vector<ggml_tensor *> seen;
        auto leaf = [&](ggml_tensor * t) {
            if (!t || t->op != GGML_OP_NONE) { return; }
            for (auto * x : seen) { if (x == t) { return; } }
            seen.push_back(t);
            line(-1, t);
        };
        for (int i = 0; gf && i < ggml_graph_n_nodes(gf); i++) {
            ggml_tensor * t = ggml_graph_node(gf, i);
            for (int j = 0; j < GGML_MAX_SRC && t->src[j]; j++) {
                leaf(t->src[j]);
                leaf(t->src[j]->view_src);
            }
            line(i, t);
        }
        fclose(f);
    }
    fflush(stdout);
    _Exit(ctx ? 0 : 1); // skip teardown: saves time, RPC connections close with the process
}
#endif
