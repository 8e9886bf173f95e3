/* SPDX-License-Identifier: Apache-2.0
 * Repeated n-grams of words, by Gopher's rules; see cleaning/measure.h.
 *
 * Few texts come near the limits, so one pass finds bounds for all nine measures, and only a text whose bound is above a
 * limit is counted exactly:
 *   - top n-grams: the bytes of all pairs of words are summed in as many places as the text has words; the greatest sum is
 *     no less than count times length of any pair, and twice that no less than of any row of three or four words;
 *   - duplicate n-grams: a row of five to ten words that stood above consists of rows of five that did, so the bytes of all
 *     words in duplicate rows of five are no less than those in duplicate rows of n.
 * Different pairs in one place, and different rows with the same bits of a filter, make a bound greater, never smaller. The
 * exact counts compare 64 bits.
 */
#include <string.h>

#include "cleaning/measure.h"

#define SHORTEST 5

static inline guint64 mix(guint64 hash, guint32 word)
{
    hash = (hash ^ word) * G_GUINT64_CONSTANT(0x9fb21c651e98df25);
    return hash ^ hash >> 35;
}

static guint64 row_hash(const Word *words, unsigned n)
{
    guint64 hash = n;
    for (unsigned i = 0; i < n; i++)
        hash = mix(hash, words[i].hash);
    return hash + !hash;
}

static gsize places_for(gsize words)
{
    gsize places = 16;
    while (places < 2 * words)
        places *= 2;
    return places;
}

/* ---- Bounds -------------------------------------------------------------------------------------------------- */

/* Rows by a polynomial of their words' hashes, so that the next row follows from the one before. */
#define FACTOR G_GUINT64_CONSTANT(0x9fb21c651e98df25)

static inline guint64 scatter(guint64 row)
{
    row ^= row >> 32;
    return row * G_GUINT64_CONSTANT(0xd6e8feb86659fd93);
}

static guint32 greatest_pair(Measure *measure, const Words *words)
{
    gsize mask = places_for(words->count) - 1;
    guint32 *sums = measure_table(measure, (mask + 1) * sizeof *sums), greatest = 0;
    for (gsize i = 1; i < words->count; i++) {
        const Word *pair = &words->items[i - 1];
        guint32 *sum = &sums[scatter(pair[0].hash * FACTOR + pair[1].hash) >> 32 & mask];
        *sum += pair[0].length + pair[1].length + 2; /* with the blank between and one behind */
        greatest = MAX(greatest, *sum);
    }
    return greatest;
}

/* A row stood above if both of its bits are set in its 64 (a Bloom filter of one cache line, with two bits a row). */
static guint64 duplicate_bytes(Measure *measure, const Words *words)
{
    gsize mask = places_for(words->count) / 4 - 1, counted = 0; /* words before it are */
    guint64 *places = measure_table(measure, (mask + 1) * sizeof *places);
    guint64 bytes = 0, row = 0, leaving = FACTOR * FACTOR * FACTOR * FACTOR; /* the weight of a row's first word */
    for (gsize i = 0; i + 1 < SHORTEST && i < words->count; i++)
        row = row * FACTOR + words->items[i].hash;
    for (gsize i = 0; i + SHORTEST <= words->count; i++) {
        row = row * FACTOR + words->items[i + SHORTEST - 1].hash;
        guint64 hash = scatter(row), *place = &places[hash >> 32 & mask];
        guint64 bits = G_GUINT64_CONSTANT(1) << (hash >> 26 & 63) | G_GUINT64_CONSTANT(1) << (hash >> 20 & 63);
        row -= words->items[i].hash * leaving;
        gboolean stood_above = (*place & bits) == bits;
        *place |= bits;
        for (counted = MAX(counted, i); stood_above && counted < i + SHORTEST; counted++)
            bytes += words->items[counted].length;
    }
    return bytes;
}

static void find_bounds(Measure *measure)
{
    if (measure->has_bounds)
        return;
    const Words *words = measure_prose(measure);
    double length = (double)MAX(measure->prose_length, 1);
    measure->top_bound = greatest_pair(measure, words) / length;
    measure->duplicate_bound = (double)duplicate_bytes(measure, words) / length;
    measure->has_bounds = TRUE;
}

/* ---- Exact counts -------------------------------------------------------------------------------------------- */

typedef struct Entry {
    guint64 hash; /* 0: empty */
    guint32 count;
    guint32 bytes;
} Entry;

static Entry *find_entry(Entry *entries, gsize mask, guint64 hash)
{
    gsize at = hash & mask;
    while (entries[at].hash && entries[at].hash != hash)
        at = (at + 1) & mask;
    return &entries[at];
}

static guint32 row_bytes(const Word *words, unsigned n)
{
    guint32 bytes = 0;
    for (unsigned i = 0; i < n; i++)
        bytes += words[i].length;
    return bytes;
}

double measure_top_ngram(Measure *measure, unsigned n, double limit)
{
    const Words *words = measure_prose(measure);
    find_bounds(measure);
    double bound = measure->top_bound * (n == 2 ? 1 : 2);
    if (words->count < n || (!measure->exact && bound <= limit))
        return words->count < n ? 0 : bound;
    gsize mask = places_for(words->count) - 1;
    Entry *entries = measure_table(measure, (mask + 1) * sizeof *entries), top = {0};
    for (gsize i = 0; i + n <= words->count; i++) {
        guint64 hash = row_hash(&words->items[i], n);
        Entry *entry = find_entry(entries, mask, hash);
        *entry = (Entry){hash, entry->count + 1, row_bytes(&words->items[i], n) + n - 1};
        if (entry->count > top.count || (entry->count == top.count && entry->bytes > top.bytes))
            top = *entry;
    }
    return top.count < 2 ? 0 : (double)top.count * top.bytes / (double)measure->prose_length;
}

double measure_duplicate_ngrams(Measure *measure, unsigned n, double limit)
{
    const Words *words = measure_prose(measure);
    find_bounds(measure);
    if (words->count < n || (!measure->exact && measure->duplicate_bound <= limit))
        return words->count < n ? 0 : measure->duplicate_bound;
    gsize mask = places_for(words->count) - 1;
    Entry *entries = measure_table(measure, (mask + 1) * sizeof *entries);
    guint64 bytes = 0;
    for (gsize i = 0; i + n <= words->count;) {
        guint64 hash = row_hash(&words->items[i], n);
        Entry *entry = find_entry(entries, mask, hash);
        if (entry->hash) {
            bytes += row_bytes(&words->items[i], n);
            i += n;
        } else {
            entry->hash = hash;
            i++;
        }
    }
    return (double)bytes / (double)measure->prose_length;
}
