/* SPDX-License-Identifier: Apache-2.0
 * Words and shingles; see dedup/shingle.h. */
#include "dedup/shingle.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Longer words are hashed in pieces, each seeded with the hash of those before. */
#define PIECE 256
#define MULTIPLIER 0x9e3779b97f4a7c15u

struct Shingler {
    unsigned words;
    guint64 leaving; /* MULTIPLIER to the power of `words`: the factor of the word that leaves the window */
    guint64 *hashes;
    gsize count;
    gsize capacity;
    guint64 seed;    /* of the word under way: the hash of its earlier pieces */
    unsigned length; /* bytes in `piece` */
    char piece[PIECE + U8_MAX_LENGTH];
};

#define DIGITS(c) [c] = c, [c + 1] = c + 1, [c + 2] = c + 2, [c + 3] = c + 3, [c + 4] = c + 4
#define LETTER(c) [c] = c, [c - 32] = c
#define NON_ASCII 0x80

/* ASCII letters, lower-cased, and digits; 0 for what separates words. */
static const guint8 folded[128] = {
    DIGITS('0'), DIGITS('5'), LETTER('a'), LETTER('b'), LETTER('c'), LETTER('d'), LETTER('e'), LETTER('f'), LETTER('g'),
    LETTER('h'), LETTER('i'), LETTER('j'), LETTER('k'), LETTER('l'), LETTER('m'), LETTER('n'), LETTER('o'), LETTER('p'),
    LETTER('q'), LETTER('r'), LETTER('s'), LETTER('t'), LETTER('u'), LETTER('v'), LETTER('w'), LETTER('x'), LETTER('y'),
    LETTER('z'),
};

Shingler *shingler_new(unsigned words)
{
    g_return_val_if_fail(words >= 1 && words <= SHINGLE_MAX_WORDS, NULL);
    Shingler *shingler = g_new0(Shingler, 1);
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
    g_free(shingler->hashes);
    g_free(shingler);
}

static void end_word(Shingler *shingler)
{
    if (shingler->length == 0 && shingler->seed == 0)
        return;
    if (shingler->count == shingler->capacity) {
        shingler->capacity = MAX(1024, 2 * shingler->capacity);
        shingler->hashes = g_renew(guint64, shingler->hashes, shingler->capacity);
    }
    shingler->hashes[shingler->count++] = XXH3_64bits_withSeed(shingler->piece, shingler->length, shingler->seed);
    shingler->length = 0;
    shingler->seed = 0;
}

static void end_piece(Shingler *shingler)
{
    shingler->seed = XXH3_64bits_withSeed(shingler->piece, shingler->length, shingler->seed);
    shingler->length = 0;
}

static gboolean in_word(UChar32 character)
{
    return (U_GET_GC_MASK(character) & (U_GC_L_MASK | U_GC_N_MASK | U_GC_M_MASK)) != 0;
}

/* One character outside ASCII. */
static gsize add_character(Shingler *shingler, const guint8 *text, gsize position, gsize length)
{
    UChar32 character;
    U8_NEXT(text, position, length, character);
    if (character < 0 || !in_word(character)) {
        end_word(shingler);
        return position;
    }
    U8_APPEND_UNSAFE(shingler->piece, shingler->length, u_tolower(character));
    if (shingler->length >= PIECE)
        end_piece(shingler);
    return position;
}

static void hash_words(Shingler *shingler, const guint8 *text, gsize length)
{
    gsize position = 0;
    while (position < length) {
        guint8 byte = text[position];
        if (byte >= NON_ASCII) {
            position = add_character(shingler, text, position, length);
        } else if (folded[byte]) {
            shingler->piece[shingler->length++] = (char)folded[byte];
            if (shingler->length >= PIECE)
                end_piece(shingler);
            position++;
        } else {
            end_word(shingler);
            position++;
        }
    }
    end_word(shingler);
}

/* The finaliser of MurmurHash3: a bijection in which every bit of the sum reaches every bit of the result. */
static guint64 mix(guint64 sum)
{
    sum = (sum ^ (sum >> 33)) * 0xff51afd7ed558ccdu;
    sum = (sum ^ (sum >> 33)) * 0xc4ceb9fe1a85ec53u;
    return sum ^ (sum >> 33);
}

/* Turns hashes of words into hashes of shingles in place: the shingle that ends at word i is written `words` - 1 places
 * further up, where the word has left the window already. */
static void roll(Shingler *shingler)
{
    guint64 *hashes = shingler->hashes;
    gsize count = shingler->count;
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
    shingler->count = count - words + 1;
}

const guint64 *shingler_run(Shingler *shingler, const char *text, gsize length, gsize *count)
{
    shingler->count = 0;
    hash_words(shingler, (const guint8 *)text, length);
    if (shingler->count > 0)
        roll(shingler);
    *count = shingler->count;
    return shingler->hashes;
}
