/* SPDX-License-Identifier: Apache-2.0
 * Models by name; see train/presets.h. */
#include "train/presets.h"

#include "base/error.h"

#define LLAMA .rope_theta = 10000, .norm_epsilon = 1e-5

static const TrainPreset presets[] = {
    {"tiny",
     {.hidden = 128, .layers = 4, .heads = 4, .kv_heads = 4, .intermediate = 344, .context = 256, LLAMA},
     3e-4},
    {"125m",
     {.hidden = 768, .layers = 12, .heads = 12, .kv_heads = 12, .intermediate = 2048, .context = 2048, LLAMA},
     6e-4},
    {"1b",
     {.hidden = 2048, .layers = 22, .heads = 16, .kv_heads = 4, .intermediate = 5632, .context = 2048, LLAMA},
     4e-4},
    {"llama2-7b",
     {.hidden = 4096, .layers = 32, .heads = 32, .kv_heads = 32, .intermediate = 11008, .context = 4096, LLAMA},
     3e-4},
    {"llama2-70b",
     {.hidden = 8192, .layers = 80, .heads = 64, .kv_heads = 8, .intermediate = 28672, .context = 4096, LLAMA},
     1.5e-4},
};

const TrainPreset *train_preset_find(const char *name, GError **error)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(presets); i++) {
        if (g_str_equal(name, presets[i].name))
            return &presets[i];
        g_string_append_printf(names, "%s%s", i ? ", " : "", presets[i].name);
    }
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "model.preset is \"%s\", but must be one of %s", name, names->str);
    return NULL;
}
