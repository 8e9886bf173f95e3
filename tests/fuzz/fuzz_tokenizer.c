/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: the readers of SentencePiece model files and of tokenizer.json, and encoding with whatever model came out, its
 * own bytes as the text. */
#include <stddef.h>
#include <stdint.h>

#include "store/hf_model.h"
#include "store/spm_encode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0; /* whoever has read an empty file has an address to hand over */
    /* A copy of its own, so that a read past the end is seen. */
    g_autofree char *model = g_memdup2(data, size);
    g_autoptr(HfModel) json = hf_model_is_json(model, size) ? hf_model_read(model, size, NULL) : NULL;
    if (json)
        return 0;
    g_autoptr(SpmModel) read = spm_model_read(model, size, NULL);
    g_autoptr(SpmEncoder) encoder = read && read->algorithm == SPM_BPE ? spm_encoder_new(g_steal_pointer(&read), NULL) : NULL;
    if (!encoder)
        return 0;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GString) text = g_string_new(NULL);
    spm_encode(encoder, model, size, ids);
    spm_decode(encoder, (const guint32 *)(gpointer)ids->data, ids->len, text);
    return 0;
}

const char *const fuzz_seeds[] = {
    "\x0a\x05\x0a\x03\xe2\x96\x81\x0a\x03\x0a\x01"
    "a\x12\x02\x18\x02", /* the space, "a", byte pairs */
    "\x0a\x0a\x0a\x06\xe2\x96\x81\xe2\x96\x81\x18\x04\x1a\x06\x18\x01\x28\x01\x0a\x01", /* two spaces, user-defined */
    "\x0a\x08\x0a\x04"
    "a\xe2\x96\x81\x18\x01\x12\x03\xc0\x01\x01", /* a space behind a letter; spaces as suffixes */
    "\x1a\x0a\x0a\x08identity",
    "", /* an empty file */
    "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, \"merges\": [\"a b\", [\"a\", \"b\"]]}, \"added_tokens\": "
    "[{\"id\": 3, \"content\": \"</s>\", \"lstrip\": true}], \"normalizer\": {\"type\": \"NFC\"}, \"pre_tokenizer\": {\"type\": \"ByteLevel\"}}",
    NULL,
};
