/* SPDX-License-Identifier: Apache-2.0
 * Shingles of words and of characters; see dedup/shingle.h. */
#include "dedup/shingle.h"

#include <unicode/utf8.h>

#include "dedup/word.h"

#define MULTIPLIER 0x9e3779b97f4a7c15u
/* Spreads a character over 64 bits before it enters the polynomial. */
#define SPREAD 0xd6e8feb86659fd93u

struct Shingler {
    ShingleUnit unit;
    unsigned size;
    guint64 leaving; /* MULTIPLIER to the power of `size`: the factor of what leaves the window */
    FoldedText *folded;
    WordHasher *hasher;
    Hash128 words;
    guint64 *characters; /* for SHINGLE_CHARACTERS */
    gsize characters_size;
};

Shingler *shingler_new(ShingleUnit unit, unsigned size)
{
    g_return_val_if_fail(size >= 1 && size <= SHINGLE_MAX_SIZE, NULL);
    Shingler *shingler = g_new0(Shingler, 1);
    shingler->unit = unit;
    shingler->size = size;
    shingler->folded = folded_text_new();
    shingler->hasher = word_hasher_new();
    shingler->leaving = 1;
    for (unsigned i = 0; i < size; i++)
        shingler->leaving *= MULTIPLIER;
    return shingler;
}

void shingler_free(Shingler *shingler)
{
    if (!shingler)
        return;
    folded_text_free(shingler->folded);
    word_hasher_free(shingler->hasher);
    g_free(shingler->characters);
    g_free(shingler);
}

void shingler_use(Shingler *shingler, const FoldBackend *backend)
{
    shingler->folded->backend = backend;
}

/* The finaliser of MurmurHash3: a bijection in which every bit of the sum reaches every bit of the result. */
static inline guint64 mix(guint64 sum)
{
    sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdu;
    sum = (sum ^ (sum >> 33)) * 0xc4ceb9fe1a85ec53u;
    return sum ^ (sum >> 33);
}

/* Turns hashes of words or characters into hashes of shingles, in place: a shingle takes the place of its first one,
 * which has left the window by then. Returns the number of shingles. */
static gsize roll(const Shingler *shingler, guint64 *hashes, gsize count)
{
    gsize size = MIN(shingler->size, count);
    guint64 sum = 0;
    for (gsize i = 0; i < size; i++)
        sum = sum * MULTIPLIER + hashes[i];
    for (gsize i = size; i < count; i++) {
        guint64 left = hashes[i - size];
        hashes[i - size] = mix(sum);
        sum = sum * MULTIPLIER + hashes[i] - left * shingler->leaving;
    }
    hashes[count - size] = mix(sum);
    return count - size + 1;
}

/* The characters of the words, with one blank between two words. */
static gsize list_characters(Shingler *shingler)
{
    const guint8 *bytes = shingler->folded->bytes;
    gsize length = shingler->folded->length, count = 0;
    if (shingler->characters_size < length) {
        g_free(shingler->characters);
        shingler->characters = g_new(guint64, length);
        shingler->characters_size = length;
    }
    gboolean blank = FALSE;
    for (gsize position = 0; position < length;) {
        UChar32 character = bytes[position];
        if (character == 0) {
            blank = count > 0;
            position++;
            continue;
        }
        U8_NEXT_UNSAFE(bytes, position, character);
        if (blank)
            shingler->characters[count++] = ' ' * SPREAD;
        shingler->characters[count++] = (guint64)character * SPREAD;
        blank = FALSE;
    }
    return count;
}

const guint64 *shingler_run(Shingler *shingler, const char *text, gsize length, gsize *count)
{
    folded_text_set(shingler->folded, text, length);
    guint64 *hashes = word_hasher_run(shingler->hasher, shingler->folded, count);
    shingler->words = hash128(hashes, *count * sizeof hashes[0]);
    if (shingler->unit == SHINGLE_CHARACTERS) {
        *count = list_characters(shingler);
        hashes = shingler->characters;
    }
    if (*count > 0)
        *count = roll(shingler, hashes, *count);
    return hashes;
}

Hash128 shingler_words(const Shingler *shingler)
{
    return shingler->words;
}
