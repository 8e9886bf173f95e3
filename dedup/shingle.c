/* SPDX-License-Identifier: Apache-2.0
 * Shingles of words; see dedup/shingle.h. */
#include "dedup/shingle.h"

#include "dedup/word.h"

#define MULTIPLIER 0x9e3779b97f4a7c15u

struct Shingler {
    WordHasher *hasher;
    unsigned words;
    guint64 leaving; /* MULTIPLIER to the power of `words`: the factor of the word that leaves the window */
};

Shingler *shingler_new(unsigned words)
{
    g_return_val_if_fail(words >= 1 && words <= SHINGLE_MAX_WORDS, NULL);
    Shingler *shingler = g_new0(Shingler, 1);
    shingler->hasher = word_hasher_new();
    shingler->words = words;
    shingler->leaving = 1;
    for (unsigned i = 0; i < words; i++)
        shingler->leaving *= MULTIPLIER;
    return shingler;
}

void shingler_free(Shingler *shingler)
{
    if (!shingler)
        return;
    word_hasher_free(shingler->hasher);
    g_free(shingler);
}

/* The finaliser of MurmurHash3: a bijection in which every bit of the sum reaches every bit of the result. */
static guint64 mix(guint64 sum)
{
    sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdu;
    sum = (sum ^ (sum >> 33)) * 0xc4ceb9fe1a85ec53u;
    return sum ^ (sum >> 33);
}

/* Turns hashes of words into hashes of shingles, in place: a shingle takes the place of its first word, which has left
 * the window by then. Returns the number of shingles. */
static gsize roll(const Shingler *shingler, guint64 *hashes, gsize count)
{
    gsize words = MIN(shingler->words, count);
    guint64 sum = 0;
    for (gsize i = 0; i < words; i++)
        sum = sum * MULTIPLIER + hashes[i];
    for (gsize i = words; i < count; i++) {
        guint64 left = hashes[i - words];
        hashes[i - words] = mix(sum);
        sum = sum * MULTIPLIER + hashes[i] - left * shingler->leaving;
    }
    hashes[count - words] = mix(sum);
    return count - words + 1;
}

const guint64 *shingler_run(Shingler *shingler, const char *text, gsize length, gsize *count)
{
    guint64 *hashes = word_hasher_run(shingler->hasher, text, length, count);
    if (*count > 0)
        *count = roll(shingler, hashes, *count);
    return hashes;
}
