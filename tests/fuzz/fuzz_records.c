/* SPDX-License-Identifier: Apache-2.0
 * Fuzz target: records of a store that others sent, behind their checksums, which anybody can compute. The first byte says which
 * table; what a parser takes has the bounds that its header promises. */
#include <stdint.h>
#include <string.h>

#include "store/compressed_text.h"
#include "store/cuts.h"
#include "store/draw.h"
#include "store/ledger.h"
#include "store/note.h"
#include "store/shard_record.h"
#include "store/stage.h"
#include "store/stage_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern const char *const fuzz_seeds[];

static void read_document(const StoreValue *value)
{
    for (int with_text = 0; with_text < 2; with_text++) {
        g_auto(Document) document = {0};
        g_autoptr(GError) error = NULL;
        gboolean good = document_thaw(value, with_text, &document, &error);
        g_assert_true(good == (error == NULL));
        g_assert_true(!document.text || document.text_length <= DOCUMENT_TEXT_LIMIT);
    }
    g_auto(Document) source = {0};
    document_thaw_source(value, &source, NULL);
    document_text_size(value);
}

static void read_verdict(const StoreValue *value)
{
    Verdict verdict = {0};
    if (!ledger_parse(value, &verdict, NULL))
        return;
    g_assert_true(verdict.outcome >= OUTCOME_KEPT && verdict.outcome <= OUTCOME_MERGED);
    g_assert_true(strlen(verdict.stage ? verdict.stage : "") + strlen(verdict.rule ? verdict.rule : "") <= value->length);
}

static void read_cuts(const StoreValue *value)
{
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    enum { LENGTH = 64 };
    char text[LENGTH + 1] = ""; /* cuts_apply ends it with a NUL */
    if (!cuts_parse(value, cuts, NULL))
        return;
    const Cut *list = (const Cut *)(gpointer)cuts->data;
    if (cuts_fit(list, cuts->len, LENGTH))
        g_assert_cmpuint(cuts_apply(list, cuts->len, text, LENGTH) + cuts_bytes(list, cuts->len), ==, LENGTH);
}

/* A draw's key and value: the key is the first eight bytes. */
static void read_draw(const StoreValue *value)
{
    StoreValue key = {value->data, MIN(value->length, 8)}, rest = {(const char *)value->data + key.length, value->length - key.length};
    Draw draw;
    if (draw_parse(&key, &rest, &draw, NULL))
        g_assert_true((unsigned)draw.split < SPLIT_COUNT && draw.passes >= 1 && draw.passes <= G_MAXUINT16);
}

static void read_keys(const StoreValue *value)
{
    char stage[STAGE_NAME_LIMIT + 1];
    unsigned split;
    guint32 shard;
    Docno docno;
    if (stage_record_key_read(value, &docno, stage))
        g_assert_cmpuint(strlen(stage), <=, STAGE_NAME_LIMIT);
    if (shard_key_read(value, &split, &shard))
        g_assert_cmpuint(split, <, SPLIT_COUNT);
}

static void read_text(const StoreValue *value)
{
    g_autofree char *text = NULL;
    gsize length;
    if (text_decompress(value->data, value->length, &text, &length, NULL))
        g_assert_cmpuint(length, <=, DOCUMENT_TEXT_LIMIT);
}

static void read_note(const StoreValue *value)
{
    g_autoptr(json_t) note = note_parse(value, NULL);
    if (!note)
        return;
    g_autofree char *text = json_write(note);
    g_assert_nonnull(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(const StoreValue *) = {read_document, read_verdict, read_cuts, read_draw, read_keys, read_text, read_note};
    if (size < 1)
        return 0;
    /* A copy of its own, so that a read past the end is seen. */
    g_autofree char *copy = g_malloc(MAX(size - 1, 1));
    memcpy(copy, data + 1, size - 1);
    StoreValue value = {copy, size - 1};
    readers[data[0] % G_N_ELEMENTS(readers)](&value);
    return 0;
}

/* 'F' is 70: the first reader. */
const char *const fuzz_seeds[] = {
    "F\x01\x01\x01\x01"
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "G\x02\x01\x01\x01stage\x01rule\x01",
    "H\x01\x01\x01\x01\x01\x01\x01\x01\x02\x02\x02\x02\x02\x02\x02\x02",
    "I12345678\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01",
    "J12345678clean",
    "Jtrain\x01\x01\x01\x01\x01\x01\x01",
    "K\x28\xb5\x2f\xfd\x20\x05\x29",
    "L{\"a\":[1,2,{\"b\":null}]}",
    NULL,
};
