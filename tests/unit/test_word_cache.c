/* SPDX-License-Identifier: Apache-2.0
 * store/word_cache.h, store/token_index.h, store/short_bytes.h: words of every length, apart from all others. */
#include "store/short_bytes.h"
#include "store/token_index.h"
#include "store/word_cache.h"

#define LONGEST 70

/* A buffer of just this length, so that a sanitizer sees a read beside it. */
static char *word_of(gsize length, gsize changed)
{
    char *word = g_malloc(MAX(length, 1));
    for (gsize i = 0; i < length; i++)
        word[i] = (char)('a' + i % 26);
    if (changed < length)
        word[changed] ^= 1;
    return word;
}

static void test_a_change_of_any_byte_makes_another_word(void)
{
    for (gsize length = 1; length <= LONGEST; length++) {
        g_autofree char *word = word_of(length, length), *same = word_of(length, length);
        g_assert_true(short_bytes_equal(word, same, length));
        g_assert_cmpuint(short_bytes_hash(word, length), ==, short_bytes_hash(same, length));
        g_assert_cmpuint(short_bytes_hash(word, length), !=, short_bytes_hash(word, length - 1));
        for (gsize changed = 0; changed < length; changed++) {
            g_autofree char *other = word_of(length, changed);
            g_assert_false(short_bytes_equal(word, other, length));
            if (length > 3 || changed == 0 || changed + 1 == length)
                g_assert_cmpuint(short_bytes_hash(word, length), !=, short_bytes_hash(other, length));
        }
    }
}

static void test_tokens_are_found_by_their_bytes_and_nothing_else_is(void)
{
    enum { TOKENS = 5000 };
    g_autoptr(TokenIndex) index = token_index_new(TOKENS);
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    for (guint32 id = 0; id < TOKENS; id++) {
        char *text = g_strdup_printf("%u", id * 7);
        g_ptr_array_add(texts, text);
        token_index_add(index, text, strlen(text), id);
    }
    for (guint32 number = 0; number < 7 * TOKENS; number++) {
        g_autofree char *text = g_strdup_printf("%u", number);
        g_assert_cmpuint(token_index_find(index, text, strlen(text)), ==, number % 7 ? TOKEN_INDEX_NONE : number / 7);
    }
}

typedef struct Calls {
    GArray *ids;
    guint count;
} Calls;

/* The id of a word is its number, written out; one id for each digit behind the first. */
static void encode(gpointer user, const char *word, gsize length)
{
    Calls *calls = user;
    calls->count++;
    g_autofree char *copy = g_strndup(word, length);
    guint32 id = (guint32)g_ascii_strtoull(copy, NULL, 10);
    for (gsize i = 0; i < length; i++)
        g_array_append_val(calls->ids, id);
}

static void test_words_in_any_order_give_their_own_ids_from_the_cache_or_not(void)
{
    enum { WORDS = 300000, DISTINCT = 100000 }; /* more than the cache holds */
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    Calls calls = {ids, 0};
    WordBatch batch = {.cache = word_cache_of_thread(word_cache_owner()), .ids = ids, .encode = encode, .user = &calls};
    for (guint64 i = 0; i < WORDS; i++) {
        guint64 number = i * i * 2654435761u % DISTINCT;
        g_ptr_array_add(texts, i % 50 ? g_strdup_printf("%" G_GUINT64_FORMAT, number) : g_strdup_printf("%040" G_GUINT64_FORMAT, number));
        word_batch_add(&batch, g_ptr_array_index(texts, i), strlen(g_ptr_array_index(texts, i)));
    }
    word_batch_flush(&batch);
    guint at = 0;
    for (guint i = 0; i < WORDS; i++)
        for (const char *text = g_ptr_array_index(texts, i), *digit = text; *digit; digit++, at++)
            g_assert_cmpuint(g_array_index(ids, guint32, at), ==, g_ascii_strtoull(text, NULL, 10));
    g_assert_cmpuint(at, ==, ids->len);
    g_assert_cmpuint(calls.count, <, WORDS * 9 / 10); /* else nothing was kept */
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/word cache/a change of any byte makes another word", test_a_change_of_any_byte_makes_another_word);
    g_test_add_func("/word cache/tokens are found by their bytes and nothing else is", test_tokens_are_found_by_their_bytes_and_nothing_else_is);
    g_test_add_func("/word cache/words in any order give their own ids, from the cache or not", test_words_in_any_order_give_their_own_ids_from_the_cache_or_not);
    return g_test_run();
}
