/* SPDX-License-Identifier: Apache-2.0
 * Whatever dedup reads of strangers: texts, titles, identifiers in JSON, and records of TABLE_SIGNATURES. */
#include <stdint.h>
#include <string.h>

#include "dedup/exact.h"
#include "dedup/shingle.h"
#include "dedup/sketch.h"
#include "dedup/title.h"
#include "store/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

const char *const fuzz_seeds[] = {
    "{\"pmid\":\"0012\",\"pmcid\":\"PMC34.2\",\"doi\":\"https://doi.org/10.1000/ABC\"}",
    "{\"pmid\":12345678901234567890,\"doi\":\"doi: 10.1/x y\"}",
    "PMID:123",
    "PMC99",
    "The Caf\xc3\xa9\xe2\x80\x99s \xce\xa9-3 trial: e\xcc\x81t\xc3\xa9 \xc8\xba 2019, 38.5 \xc2\xb0"
    "C and pneumonoultramicroscopicsilicovolcanoconiosis",
    NULL,
};

static void read_identity(const char *text)
{
    Document document = {.id = (char *)text, .meta = (char *)text};
    g_auto(Identity) identity;
    identity_read(&identity, &document);
    g_assert_true(identity.count <= IDENTITY_MAX);
}

/* What parses must be what was written. */
static void read_sketch(const char *record, gsize length)
{
    Sketch sketch;
    StoreValue value = {record, length};
    if (!sketch_parse(&value, &sketch, NULL))
        return;
    g_autofree guint32 *signature = g_new(guint32, sketch.permutations + 1);
    memcpy(signature, sketch.signature, sketch.permutations * sizeof signature[0]);
    for (gsize i = 0; i < sketch.permutations; i++)
        signature[i] = GUINT32_FROM_LE(signature[i]);
    g_auto(Buffer) again;
    buffer_init(&again, length + 1);
    sketch_encode(&sketch, signature, &again);
    g_assert_cmpmem(again.data, again.length, record, length);
}

/* A sound record in which the input damages one byte and chooses the end. */
static void damage_sketch(const uint8_t *data, size_t size)
{
    static const guint32 signature[] = {1, 2, 3, 4};
    Sketch sketch = {.kind = KIND_PAGE, .identifier_count = 1, .source = "cdc", .source_length = 3, .permutations = 4};
    sketch.identifiers[0].scheme = SCHEME_PMID;
    g_auto(Buffer) record;
    buffer_init(&record, 4096);
    sketch_encode(&sketch, signature, &record);
    read_sketch(record.data, record.length);
    if (size < 3)
        return;
    record.data[data[0] % record.length] ^= (char)data[1];
    gsize length = data[2] % 2 ? record.length : data[2] % record.length;
    g_autofree char *exact = g_memdup2(record.data, length);
    read_sketch(exact, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *scratch = g_malloc(size + 1);
    g_autoptr(Shingler) shingler = shingler_new(size % 2 ? SHINGLE_WORDS : SHINGLE_CHARACTERS, 1 + (unsigned)size % 7);
    /* Exactly as large as the input: reading past its end must be seen. */
    g_autofree char *exact = g_malloc(MAX(size, 1));
    memcpy(exact, text, size);
    guint32 characters;
    gsize shingles;
    shingler_run(shingler, exact, size, &shingles);
    g_assert_true(shingles <= size);
    exact_hash(exact, size, scratch);
    title_hash(text, &characters);
    read_identity(text);
    read_sketch(exact, size);
    damage_sketch(data, size);
    return 0;
}
