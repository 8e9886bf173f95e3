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

static inline gsize place_of(const EnglishTable *table, guint32 hash)
{
    return hash * table->factor >> (32 - ENGLISH_PLACES_LOG);
}

/* FALSE: some other word has its place. */
static gboolean add(EnglishTable *table, const char *const *words, gsize count, guint8 kind)
{
    for (gsize i = 0; i < count; i++) {
        guint32 hash = word_hash(words[i], strlen(words[i]));
        gsize place = place_of(table, hash);
        if (table->kinds[place])
            return FALSE;
        table->hashes[place] = hash;
        table->kinds[place] = kind;
    }
    return TRUE;
}

/* Some hundred factors are tried before one gives each word its own place. */
static void fill(EnglishTable *table)
{
    guint32 factor = 1;
    do {
        *table = (EnglishTable){.factor = factor};
        factor += 2;
    } while (!add(table, english, G_N_ELEMENTS(english), 1) || !add(table, others, G_N_ELEMENTS(others), 2));
}

EnglishShares english_shares(EnglishTable *table, const Words *words, const char *text)
{
    gsize with = 0, against = 0;
    if (words->count < ENGLISH_LEAST_WORDS)
        return (EnglishShares){0};
    if (!table->factor)
        fill(table);
    for (gsize i = 0; i < words->count; i++) {
        guint32 hash = words->items[i].hash;
        gsize place = place_of(table, hash);
        guint kind = table->kinds[place] & -(guint)(table->hashes[place] == hash); /* no branch: words come as they like */
        with += kind & 1;
        against += kind >> 1;
        against += (guint8)text[words->items[i].start] >= 0xc3; /* from U+00C0 on; signs and dashes are in every language */
    }
    double count = (double)words->count;
    return (EnglishShares){(double)with / count, (double)against / count};
}

gboolean english_is_sure(EnglishShares shares)
{
    return shares.with >= ENGLISH_SURE && shares.against <= ENGLISH_AGAINST * shares.with;
}
