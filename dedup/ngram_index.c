/* SPDX-License-Identifier: Apache-2.0
 * Texts as n-grams of numbered words; see dedup/ngram_index.h. */
#include "dedup/ngram_index.h"

#include <string.h>

#include "base/hash.h"
#include "dedup/reference_marks.h"
#include "dedup/word.h"

/* Words by hash and bytes, numbered from 1. */
typedef struct WordNumbers {
    GArray *hashes;  /* guint64 */
    GArray *starts;  /* guint32 in bytes; one more than there are words */
    GString *bytes;
    guint32 *slots;
    guint32 mask;
} WordNumbers;

/* What is needed only while texts are added. */
typedef struct NgramReader {
    FoldedText *folded;
    WordHasher *hasher;
    WordList list;
    ReferenceMarks marks;
    GHashTable *copies; /* hash of a text's word numbers -> its first text, + 1 */
} NgramReader;

/* ---- Numbered words ------------------------------------------------------------------------------------------- */

static WordNumbers *word_numbers_new(void)
{
    guint32 zero = 0;
    WordNumbers *words = g_new0(WordNumbers, 1);
    words->hashes = g_array_new(FALSE, FALSE, sizeof(guint64));
    words->starts = g_array_new(FALSE, FALSE, sizeof(guint32));
    words->bytes = g_string_new(NULL);
    g_array_append_val(words->starts, zero);
    words->mask = 1023;
    words->slots = g_new0(guint32, words->mask + 1);
    return words;
}

static void word_numbers_free(WordNumbers *words)
{
    g_array_unref(words->hashes);
    g_array_unref(words->starts);
    g_string_free(words->bytes, TRUE);
    g_free(words->slots);
    g_free(words);
}

/* The word's slot, or the free one where it belongs. */
static guint32 word_slot(const WordNumbers *words, guint64 hash, const char *folded, gsize length)
{
    guint32 slot = (guint32)(hash >> 32) & words->mask;
    for (; words->slots[slot]; slot = (slot + 1) & words->mask) {
        guint32 word = words->slots[slot] - 1, start = g_array_index(words->starts, guint32, word);
        if (g_array_index(words->hashes, guint64, word) == hash &&
            g_array_index(words->starts, guint32, word + 1) - start == length && memcmp(words->bytes->str + start, folded, length) == 0)
            break;
    }
    return slot;
}

static void word_numbers_grow(WordNumbers *words)
{
    g_free(words->slots);
    words->mask = 2 * words->mask + 1;
    words->slots = g_new0(guint32, (gsize)words->mask + 1);
    for (guint32 word = 0; word < words->hashes->len; word++) {
        guint32 slot = (guint32)(g_array_index(words->hashes, guint64, word) >> 32) & words->mask;
        while (words->slots[slot])
            slot = (slot + 1) & words->mask;
        words->slots[slot] = word + 1;
    }
}

static guint32 word_number(WordNumbers *words, guint64 hash, const char *folded, gsize length)
{
    guint32 slot = word_slot(words, hash, folded, length);
    if (words->slots[slot])
        return words->slots[slot];
    g_string_append_len(words->bytes, folded, (gssize)length);
    guint32 end = (guint32)words->bytes->len;
    g_array_append_val(words->hashes, hash);
    g_array_append_val(words->starts, end);
    guint32 number = words->slots[slot] = words->hashes->len;
    if (2 * number > words->mask)
        word_numbers_grow(words);
    return number;
}

guint32 ngram_index_word(const NgramIndex *index, guint64 hash, const char *folded, gsize length)
{
    return index->words->slots[word_slot(index->words, hash, folded, length)];
}

/* ---- Texts ------------------------------------------------------------------------------------------------------ */

NgramIndex *ngram_index_new(const NgramRules *rules)
{
    NgramIndex *index = g_new0(NgramIndex, 1);
    index->rules = *rules;
    index->texts = g_array_new(FALSE, FALSE, sizeof(NgramText));
    index->word_numbers = g_array_sized_new(FALSE, FALSE, sizeof(guint32), 64); /* never NULL, even with no word in it */
    index->words = word_numbers_new();
    index->reader = g_new0(NgramReader, 1);
    index->reader->folded = folded_text_new();
    index->reader->hasher = word_hasher_new();
    index->reader->copies = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    reference_marks_init(&index->reader->marks);
    return index;
}

static void reader_free(NgramReader *reader)
{
    if (!reader)
        return;
    folded_text_free(reader->folded);
    word_hasher_free(reader->hasher);
    word_list_clear(&reader->list);
    reference_marks_clear(&reader->marks);
    g_hash_table_unref(reader->copies);
    g_free(reader);
}

void ngram_index_free(NgramIndex *index)
{
    if (!index)
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(index->tables); i++)
        ngram_table_free(index->tables[i]);
    ngram_table_free(index->long_table);
    g_array_unref(index->texts);
    g_array_unref(index->word_numbers);
    word_numbers_free(index->words);
    reader_free(index->reader);
    g_free(index);
}

const NgramText *ngram_index_text(const NgramIndex *index, guint32 text)
{
    return &g_array_index(index->texts, NgramText, text);
}

static const guint32 *numbers_of(const NgramIndex *index, const NgramText *text)
{
    return (const guint32 *)(const void *)index->word_numbers->data + text->place;
}

static gboolean same_words(const NgramIndex *index, const NgramText *a, const NgramText *b)
{
    return a->count == b->count && memcmp(numbers_of(index, a), numbers_of(index, b), a->count * sizeof(guint32)) == 0;
}

/* Makes the text (not yet in the index) an alias of an earlier one of the same words, if there is one. */
static void find_alias(NgramIndex *index, NgramText *text)
{
    guint32 number = index->texts->len;
    guint64 hash = hash64(numbers_of(index, text), text->count * sizeof(guint32), 0);
    gpointer found = g_hash_table_lookup(index->reader->copies, &hash);
    text->alias = number;
    text->next = NO_TEXT;
    if (!found) {
        g_hash_table_insert(index->reader->copies, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(number + 1));
        return;
    }
    NgramText *first = &g_array_index(index->texts, NgramText, GPOINTER_TO_UINT(found) - 1);
    if (!same_words(index, first, text))
        return;
    text->alias = GPOINTER_TO_UINT(found) - 1;
    text->next = first->next;
    first->next = number;
}

static NgramTable *table_for(NgramTable **table, unsigned size)
{
    if (!*table)
        *table = ngram_table_new(size);
    return *table;
}

static void add_ngrams(NgramIndex *index, const NgramText *text, const guint64 *hashes)
{
    const guint32 *words = (const guint32 *)(const void *)index->word_numbers->data;
    guint32 number = text->alias;
    unsigned long_size = index->rules.long_ngram;
    ngram_table_add(table_for(&index->tables[text->size], text->size), number, words, text->place, hashes, text->count);
    if (long_size && text->count >= long_size)
        ngram_table_add(table_for(&index->long_table, long_size), number, words, text->place, hashes, text->count);
}

gboolean ngram_index_add(NgramIndex *index, const char *text, gsize length)
{
    NgramReader *reader = index->reader;
    gsize count;
    reference_marks_split(&reader->marks, text, length);
    folded_text_set(reader->folded, reader->marks.outside, length);
    const guint64 *hashes = word_hasher_run(reader->hasher, reader->folded, &count);
    if (index->word_numbers->len + count > NGRAM_INDEX_MAX_WORDS || index->texts->len == NO_TEXT - 1 ||
        index->words->bytes->len + 4 * length > G_MAXUINT32)
        return FALSE;
    word_list_run(&reader->list, reader->marks.outside, length);
    g_assert(reader->list.count == count);
    NgramText added = {.place = index->word_numbers->len, .count = (guint32)count};
    for (gsize i = 0; i < count; i++) {
        const Word *word = &reader->list.words[i];
        guint32 number = word_number(index->words, hashes[i], reader->list.folded + word->folded, word->folded_length);
        g_array_append_val(index->word_numbers, number);
    }
    if (count >= index->rules.min_words)
        added.size = (guint8)MIN(count, index->rules.ngram);
    find_alias(index, &added);
    if (added.size && added.alias == index->texts->len)
        add_ngrams(index, &added, hashes);
    g_array_append_val(index->texts, added);
    return TRUE;
}

void ngram_index_finish(NgramIndex *index)
{
    for (gsize i = 0; i < G_N_ELEMENTS(index->tables); i++)
        if (index->tables[i])
            ngram_table_finish(index->tables[i], index->texts->len);
    if (index->long_table)
        ngram_table_finish(index->long_table, index->texts->len);
    g_clear_pointer(&index->reader, reader_free);
}
