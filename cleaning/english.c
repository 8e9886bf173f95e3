/* SPDX-License-Identifier: Apache-2.0
 * English function words; see cleaning/english.h. */
#include "cleaning/english.h"

#include <string.h>

static const char *const english[] = {
    "the", "The", "and", "of", "with", "were", "was", "that", "from", "this", "This", "which", "have", "has", "been",
    "by", "are", "not", "than", "these", "These", "between", "their", "we", "We", "our", "Our", "after", "those", "who",
    "may", "had", "but", "can", "should", "when", "or", "to", "be",
};

/* Of Catalan, Croatian, Czech, Danish, Dutch, Finnish, French, Galician, German, Hungarian, Indonesian, Italian,
 * Norwegian, Polish, Portuguese, Romanian, Spanish, Swedish, Turkish and Vietnamese; none that English texts use. */
static const char *const others[] = {
    "de",  "la",  "el",  "en",  "los", "las", "del", "que", "por", "con", "para", "una", "es",  "y",   "e",    "der",  "und",
    "das", "den", "mit", "von", "zu",  "im",  "ist", "auf", "ein", "eine", "zur", "et",  "les", "des", "du",   "le",   "dans",
    "pour", "une", "sur", "est", "au", "het", "een", "van", "voor", "niet", "op", "zijn", "och", "att", "som", "av",   "og",
    "det", "til", "er",  "di",  "il",  "che", "della", "un", "si", "w",   "na",  "z",   "jest", "nie", "se",  "je",   "v",
    "dan", "yang", "untuk", "ini", "dengan", "bir", "ve", "bu", "da",  "um",  "uma", "com", "ao",  "em",  "os",  "az",   "hogy",
    "ja",  "cu",  "din", "nu",  "este", "amb", "els", "per", "dels", "u",  "su",  "od",  "kao", "va",  "die", "wordt", "als",
};

static void add(EnglishTable *table, const char *word, gboolean is_english)
{
    guint32 hash = word_hash(word, strlen(word));
    gsize at = hash % ENGLISH_PLACES;
    while (table->hashes[at])
        at = (at + 1) % ENGLISH_PLACES;
    table->hashes[at] = hash;
    table->english[at] = is_english != 0;
}

static void fill(EnglishTable *table)
{
    for (gsize i = 0; i < G_N_ELEMENTS(english); i++)
        add(table, english[i], TRUE);
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++)
        add(table, others[i], FALSE);
    table->filled = TRUE;
}

EnglishShares english_shares(EnglishTable *table, const Words *words, const char *text)
{
    gsize counts[2] = {0}, foreign = 0; /* by table->english */
    if (words->count < ENGLISH_LEAST_WORDS)
        return (EnglishShares){0};
    if (!table->filled)
        fill(table);
    for (gsize i = 0; i < words->count; i++) {
        guint32 hash = words->items[i].hash;
        gsize at = hash % ENGLISH_PLACES;
        while (table->hashes[at] && table->hashes[at] != hash)
            at = (at + 1) % ENGLISH_PLACES;
        counts[table->english[at]] += table->hashes[at] != 0;
        foreign += (guint8)text[words->items[i].start] >= 0xc3; /* from U+00C0 on; signs and dashes are in every language */
    }
    double count = (double)words->count;
    return (EnglishShares){(double)counts[1] / count, (double)(counts[0] + foreign) / count};
}

gboolean english_is_sure(EnglishShares shares)
{
    return shares.with >= ENGLISH_SURE && shares.against <= ENGLISH_AGAINST * shares.with;
}
