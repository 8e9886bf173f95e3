/* SPDX-License-Identifier: Apache-2.0
 * bench_final_texts STORE [ROUNDS [BYTES]]: what the tokenizer alone does with the texts of a store that is built.
 *
 * Reads the final texts of its tokenised documents (up to BYTES, 400,000,000) and encodes each by itself, on one thread; the ids
 * must be those of the store. Prints the best round in MB/s of processor time: what `galen build --timings` may take for
 * tokenising, mixing and packing the same texts is compared with it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/cuts.h"
#include "store/tokenizer_store.h"
#include "store/tokens.h"

typedef struct Text {
    Docno docno;
    char *text;
    gsize length;
} Text;

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static gboolean read_texts(StoreTxn *txn, guint64 most, GArray *texts, guint64 *bytes, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_TOKENS, NULL, 0, error);
    StoreRecord record;
    int more = cursor ? 1 : -1;
    while (more > 0 && *bytes < most && (more = store_cursor_step(cursor, &record, error)) > 0) {
        Text text = {.docno = docno_read(record.key.data)};
        if (!final_text_get(txn, text.docno, &text.text, &text.length, error))
            return FALSE;
        *bytes += text.length;
        g_array_append_val(texts, text);
    }
    return more >= 0;
}

/* Whether the ids are those that the store has. */
static gboolean ids_agree(StoreTxn *txn, Docno docno, unsigned width, const GArray *ids, GError **error)
{
    const void *stored;
    gsize count;
    if (!tokens_get(txn, docno, width, &stored, &count, error) || count != ids->len)
        return FALSE;
    for (gsize i = 0; i < count; i++)
        if (token_at(stored, width, i) != g_array_index(ids, guint32, i))
            return FALSE;
    return TRUE;
}

static gboolean encode_all(const Tokenizer *tokenizer, StoreTxn *txn, const GArray *texts, gboolean compare, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    unsigned width = tokenizer_width(tokenizer_vocabulary(tokenizer));
    for (guint i = 0; i < texts->len; i++) {
        const Text *text = &g_array_index(texts, Text, i);
        g_array_set_size(ids, 0);
        if (!tokenizer_encode(tokenizer, text->text, text->length, ids, error))
            return FALSE;
        if (compare && !ids_agree(txn, text->docno, width, ids, error)) {
            fprintf(stderr, "bench_final_texts: document %" G_GUINT64_FORMAT " has other ids in the store\n", text->docno);
            return FALSE;
        }
    }
    return TRUE;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    if (argc < 2) {
        fprintf(stderr, "usage: bench_final_texts STORE [ROUNDS [BYTES]]\n");
        return 2;
    }
    int rounds = argc > 2 ? atoi(argv[2]) : 3;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(Tokenizer) tokenizer = store ? tokenizer_from_store(store, &error) : NULL;
    g_autoptr(StoreTxn) txn = tokenizer ? store_read_begin(store, &error) : NULL;
    g_autoptr(GArray) texts = g_array_new(FALSE, FALSE, sizeof(Text));
    guint64 bytes = 0;
    double best = 0;
    gboolean good = txn && read_texts(txn, argc > 3 ? g_ascii_strtoull(argv[3], NULL, 10) : 400000000, texts, &bytes, &error) &&
                    encode_all(tokenizer, txn, texts, TRUE, &error);
    for (int round = 0; good && round < rounds; round++) {
        double begun = cpu_seconds();
        good = encode_all(tokenizer, txn, texts, FALSE, &error);
        best = MAX(best, (double)bytes / 1e6 / (cpu_seconds() - begun));
    }
    if (!good) {
        fprintf(stderr, "bench_final_texts: %s\n", error ? error->message : "no");
        return 3;
    }
    printf("{\"documents\": %u, \"bytes\": %" G_GUINT64_FORMAT ", \"mb_per_second\": %.1f}\n", texts->len, bytes, best);
    return 0; /* the texts go with the process */
}
