/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: headers of safetensors files, and config.json of models. */
#include <stdint.h>

#include "train/safetensors.h"
#include "train/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "{\"__metadata__\":{\"format\":\"pt\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}  ",
    "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
    "{}",
    "{\"model_type\":\"llama\",\"vocab_size\":10,\"hidden_size\":8,\"num_hidden_layers\":1,\"num_attention_heads\":2,"
    "\"num_key_value_heads\":1,\"intermediate_size\":4,\"max_position_embeddings\":16,\"rms_norm_eps\":1e-6,\"rope_theta\":1e4}",
    NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(SafetensorsHeader) header = safetensors_parse((const char *)data, size, 24, "fuzz", NULL);
    if (header) {
        gsize length;
        g_autofree char *text = safetensors_text(header, &length);
        g_autoptr(SafetensorsHeader) again = safetensors_parse(text + 8, length - 8, 24, "again", NULL);
        g_assert_nonnull(again);
    }
    g_autoptr(json_t) object = json_parse((const char *)data, size, "fuzz", NULL);
    ModelShape shape;
    if (object && model_shape_from_json(object, "fuzz", &shape, NULL)) {
        g_autoptr(json_t) written = model_shape_to_json(&shape);
        g_assert_nonnull(written);
    }
    return 0;
}
