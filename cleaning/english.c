/* SPDX-License-Identifier: Apache-2.0
 * English function words; see cleaning/english.h. */
#include "cleaning/english.h"

#include <string.h>

static const char *const function_words[] = {
    "the", "The", "and", "of", "with", "were", "was", "that", "from", "this", "This", "which", "have", "has", "been",
    "by", "are", "not", "than", "these", "These", "between", "their", "we", "We", "our", "Our", "after", "those", "who",
    "may", "had", "but", "can", "should", "when", "or", "to", "be",
};

static void fill(EnglishTable *table)
{
    for (gsize i = 0; i < G_N_ELEMENTS(function_words); i++) {
        guint32 hash = word_hash(function_words[i], strlen(function_words[i]));
        gsize at = hash % ENGLISH_PLACES;
        while (table->hashes[at])
            at = (at + 1) % ENGLISH_PLACES;
        table->hashes[at] = hash;
    }
    table->filled = TRUE;
}

static gboolean holds(const EnglishTable *table, guint32 hash)
{
    gsize at = hash % ENGLISH_PLACES;
    while (table->hashes[at] && table->hashes[at] != hash)
        at = (at + 1) % ENGLISH_PLACES;
    return table->hashes[at] != 0;
}

double english_share(EnglishTable *table, const Words *words)
{
    gsize count = 0;
    if (words->count < ENGLISH_LEAST_WORDS)
        return 0;
    if (!table->filled)
        fill(table);
    for (gsize i = 0; i < words->count; i++)
        count += holds(table, words->items[i].hash) != 0;
    return (double)count / (double)words->count;
}
