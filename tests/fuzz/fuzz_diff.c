/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: two manifests, the first line and the rest, compared as galen diff compares files that others sent. */
#include <stdint.h>
#include <string.h>

#include "store/build_diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

static json_t *manifest_of(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    json_t *manifest = json_parse((const char *)data, size, "the manifest", &error);
    g_assert_true((manifest == NULL) == (error != NULL));
    g_assert_true(!error || g_utf8_validate(error->message, -1, NULL));
    return manifest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t first = end ? (size_t)(end - data) : size;
    g_autoptr(json_t) before = manifest_of(data, first);
    g_autoptr(json_t) after = manifest_of(data + first, size - first);
    if (before) {
        g_autoptr(json_t) same = build_diff_manifests(before, before);
        g_assert_true(json_is_true(json_object_get(same, "same")) || !json_object_get(before, "root"));
        g_assert_cmpuint(json_array_size(json_object_get(same, "settings")), ==, 0);
    }
    if (!before || !after)
        return 0;
    g_autoptr(json_t) diff = build_diff_manifests(before, after);
    g_autofree char *text = json_write(diff);
    g_assert_nonnull(text);
    return 0;
}

#define SOURCE "\"entered\":3,\"kept\":2,\"dropped\":1,\"merged\":0,\"dropped_by\":{\"clean/language\":1},\"merged_by\":{},\"tokens_train\":9,\"tokens_valid\":0"

const char *const fuzz_seeds[] = {
    "{\"root\":\"a\",\"recipe\":{\"settings\":{\"name\":\"x\",\"seed\":1,\"clean\":{\"languages\":[\"en\"]}}},\"sources\":[{\"tag\":\"a\"," SOURCE "}]}\n"
    "{\"root\":\"b\",\"recipe\":{\"settings\":{\"name\":\"x\",\"seed\":2,\"clean\":{\"languages\":[\"en\",\"fr\"]}}},\"sources\":[{\"tag\":\"b\"," SOURCE
    "},{\"tag\":\"a\"," SOURCE "}],\"inputs\":[{\"path\":\"p\",\"records\":4}]}",
    "{\"root\":\"a\",\"sources\":[],\"splits\":{\"train\":{\"tokens\":1,\"shards\":[]}}}\n{\"root\":\"a\",\"sources\":[],\"passages\":null}",
    "[]\n{}",
    NULL,
};
