/* SPDX-License-Identifier: Apache-2.0
 * dedup: shingles, MinHash, Jaccard, radix sort, disjoint sets, buckets, and the normalised forms of texts, titles and
 * identifiers. */
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "dedup/bucket.h"
#include "dedup/canonical_url.h"
#include "dedup/exact.h"
#include "dedup/jaccard.h"
#include "dedup/key_runs.h"
#include "dedup/licence.h"
#include "dedup/minhash.h"
#include "dedup/minhash_round.h"
#include "dedup/preference.h"
#include "dedup/shingle.h"
#include "dedup/title.h"
#include "store/identity.h"

static GArray *shingles_in(ShingleUnit unit, unsigned size, const char *text, gsize length)
{
    g_autoptr(Shingler) shingler = shingler_new(unit, size);
    gsize count;
    const guint64 *hashes = shingler_run(shingler, text, length, &count);
    GArray *copy = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_array_append_vals(copy, hashes, (guint)count);
    return copy;
}

static GArray *shingles_of(unsigned words, const char *text, gsize length)
{
    return shingles_in(SHINGLE_WORDS, words, text, length);
}

static void assert_same_shingles(unsigned words, const char *a, const char *b)
{
    g_autoptr(GArray) left = shingles_of(words, a, strlen(a)), right = shingles_of(words, b, strlen(b));
    g_assert_cmpmem(left->data, left->len * sizeof(guint64), right->data, right->len * sizeof(guint64));
}

static void test_words_are_letters_and_digits_without_case(void)
{
    assert_same_shingles(2, "The patient's temperature: 38.5 C.", "the PATIENT s\ttemperature 38\n5 c");
    assert_same_shingles(1, "\xc3\x89t\xc3\xa9 \xce\xa3\xce\x91", "\xc3\xa9T\xc3\x89 \xcf\x83\xce\xb1");
    assert_same_shingles(1,
                         "a\xff"
                         "b\xc3",
                         "a b");
    assert_same_shingles(1, "dose\xe2\x80\x93response \xc2\xb5g", "dose response \xc2\xb5g");
    g_autoptr(GArray) one = shingles_of(1, "e\xcc\x81t\xc3\xa9", 6);
    g_assert_cmpuint(one->len, ==, 1);
}

static void test_a_shingle_depends_on_its_words_alone(void)
{
    const char *text = "one two three four five six seven two three four five six";
    g_autoptr(GArray) all = shingles_of(5, text, strlen(text));
    g_autoptr(GArray) alone = shingles_of(5, "two three four five six", 23);
    g_assert_cmpuint(all->len, ==, 8);
    g_assert_cmpuint(alone->len, ==, 1);
    guint64 wanted = g_array_index(alone, guint64, 0);
    for (guint i = 0; i < all->len; i++)
        g_assert_cmpint(g_array_index(all, guint64, i) == wanted, ==, i == 1 || i == 7);
    g_autoptr(GArray) turned = shingles_of(5, "three two four five six", 23);
    g_assert_cmpuint(g_array_index(turned, guint64, 0), !=, wanted);
}

static void test_a_text_shorter_than_a_shingle_is_one_shingle(void)
{
    g_autoptr(GArray) none = shingles_of(5, " ... !", 6);
    g_assert_cmpuint(none->len, ==, 0);
    g_autoptr(GArray) two = shingles_of(5, "take aspirin", 12);
    g_autoptr(GArray) other = shingles_of(5, "take ibuprofen", 14);
    g_assert_cmpuint(two->len, ==, 1);
    g_assert_cmpuint(other->len, ==, 1);
    g_assert_cmpuint(g_array_index(two, guint64, 0), !=, g_array_index(other, guint64, 0));
}

static void test_a_word_of_any_length_is_one_word(void)
{
    for (gsize length = 250; length < 1030; length += 3) {
        g_autofree char *word = g_strnfill(length, 'x');
        g_autoptr(GArray) first = shingles_of(1, word, length);
        g_assert_cmpuint(first->len, ==, 1);
        word[0] = 'y';
        g_autoptr(GArray) second = shingles_of(1, word, length);
        g_assert_cmpuint(g_array_index(first, guint64, 0), !=, g_array_index(second, guint64, 0));
    }
}

/* A word's hash must not depend on where in the text it lies nor on what surrounds it. */
static void test_every_word_has_the_hash_that_it_has_alone(void)
{
    static const char *const letters[] = {"a", "Q", "7", "z", "\xc3\xa9", "\xce\xa9", "\xe4\xb8\xad", "\xc8\xba"};
    static const char *const separators[] = {" ", "\n", "-", "\xe2\x80\x94", "@[`{/:", "\xff", "\xe2\x80", "\xc2\xb0 "};
    g_autoptr(GString) text = g_string_new(NULL), word = g_string_new(NULL);
    g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(guint64));
    for (unsigned i = 0; i < 3000; i++) {
        guint64 draw = random_at(7, "word", i);
        unsigned kinds = i % 3 ? 4 : G_N_ELEMENTS(letters); /* two words in three are ASCII */
        guint64 length = 1 + (i % 20 ? draw % 12 : draw % 90);
        g_string_truncate(word, 0);
        for (unsigned k = 0; k < length; k++)
            g_string_append(word, letters[random_at(i, "letter", k) % kinds]);
        g_autoptr(GArray) alone = shingles_of(1, word->str, word->len);
        g_assert_cmpuint(alone->len, ==, 1);
        g_array_append_val(expected, g_array_index(alone, guint64, 0));
        g_string_append_len(text, word->str, (gssize)word->len);
        for (guint64 k = 0; k <= (draw >> 32) % 3; k++)
            g_string_append(text, separators[(draw >> (40 + 3 * k)) % G_N_ELEMENTS(separators)]);
    }
    g_autoptr(GArray) got = shingles_of(1, text->str, text->len);
    g_assert_cmpmem(got->data, got->len * 8, expected->data, expected->len * 8);
}

static void test_words_that_differ_anywhere_have_different_hashes(void)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    unsigned words = 0;
    for (gsize length = 1; length <= 70; length++) {
        for (gsize place = 0; place < length; place++, words++) {
            g_autofree char *word = g_strnfill(length, 'a');
            word[place] = 'b';
            g_autoptr(GArray) hash = shingles_of(1, word, length);
            g_hash_table_add(seen, g_memdup2(hash->data, 8));
        }
    }
    g_assert_cmpuint(g_hash_table_size(seen), ==, words);
}

static guint64 *random_hashes(guint64 seed, gsize count)
{
    guint64 *hashes = g_new(guint64, MAX(count, 1));
    for (gsize i = 0; i < count; i++)
        hashes[i] = random_at(seed, "element", i);
    return hashes;
}

/* Random text of words, separators, characters outside ASCII and stray bytes. */
static GString *random_text(guint64 seed, gsize length)
{
    static const char *const pieces[] = {"a",        "Z",    "7",        " ",        " ", "\n", "-", "\xc3\x89", "\xe2\x80\x93",
                                         "\xff", "\xe4\xb8", "\xc8\xba", "\xf0\x9d\x94\x84"};
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; text->len < length; i++) {
        guint64 draw = random_at(seed, "piece", i);
        if (draw % 5)
            g_string_append_c(text, (char)(' ' + (draw >> 8) % 95));
        else
            g_string_append(text, pieces[(draw >> 8) % G_N_ELEMENTS(pieces)]);
    }
    g_string_truncate(text, length);
    return text;
}

static void check_backend(const FoldBackend *backend, const GString *text, const GArray *expected)
{
    g_autoptr(Shingler) shingler = shingler_new(SHINGLE_WORDS, 1);
    g_autofree char *exact = g_memdup2(text->str, text->len); /* so that sanitizers see a read behind its end */
    gsize count;
    shingler_use(shingler, backend);
    const guint64 *hashes = shingler_run(shingler, exact, text->len, &count);
    g_assert_cmpmem(hashes, count * sizeof hashes[0], expected->data, expected->len * sizeof(guint64));
}

static void test_all_instruction_sets_find_the_same_words(void)
{
    for (unsigned i = 0; i < 400; i++) {
        g_autoptr(GString) text = random_text(i, i < 200 ? i : random_at(i, "length", 0) % 30000);
        g_autoptr(Shingler) portable = shingler_new(SHINGLE_WORDS, 1);
        shingler_use(portable, fold_backend_named("portable"));
        gsize count;
        const guint64 *hashes = shingler_run(portable, text->str, text->len, &count);
        g_autoptr(GArray) expected = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_array_append_vals(expected, hashes, (guint)count);
        for (unsigned b = 0; fold_backend_names[b]; b++) {
            const FoldBackend *backend = fold_backend_named(fold_backend_names[b]);
            if (backend)
                check_backend(backend, text, expected);
            else if (i == 0)
                g_test_message("this machine has no %s", fold_backend_names[b]);
        }
    }
    g_assert_null(fold_backend_named("abacus"));
}

static void test_shingles_of_characters_see_words_alone(void)
{
    const char *text = "Dose:  5\xe2\x80\x89mg\t(\xc3\x89t\xc3\xa9)";
    g_autoptr(GArray) got = shingles_in(SHINGLE_CHARACTERS, 4, text, strlen(text));
    const char *plain = "dose 5 mg \xc3\xa9t\xc3\xa9";
    g_autoptr(GArray) same = shingles_in(SHINGLE_CHARACTERS, 4, plain, strlen(plain));
    g_assert_cmpmem(got->data, got->len * 8, same->data, same->len * 8);
    g_assert_cmpuint(got->len, ==, 13 - 4 + 1); /* 13 characters in 15 bytes */
    g_autoptr(GArray) alone = shingles_in(SHINGLE_CHARACTERS, 4, "5 mg", 4);
    g_assert_cmpuint(alone->len, ==, 1);
    g_assert_cmpuint(g_array_index(got, guint64, 5), ==, g_array_index(alone, guint64, 0));
    g_autoptr(GArray) short_text = shingles_in(SHINGLE_CHARACTERS, 24, "5 mg", 4);
    g_autoptr(GArray) empty = shingles_in(SHINGLE_CHARACTERS, 24, "...", 3);
    g_assert_cmpuint(short_text->len, ==, 1);
    g_assert_cmpuint(empty->len, ==, 0);
}

static Hash128 words_of(const char *text)
{
    g_autoptr(Shingler) shingler = shingler_new(SHINGLE_WORDS, 5);
    gsize count;
    shingler_run(shingler, text, strlen(text), &count);
    return shingler_words(shingler);
}

static void test_texts_of_the_same_words_are_known_by_one_hash(void)
{
    g_assert_true(hash128_equal(words_of("Take 5 mg, twice."), words_of("take 5 mg  twice")));
    g_assert_false(hash128_equal(words_of("take 5 mg twice"), words_of("take 5 twice mg")));
    g_assert_false(hash128_equal(words_of("take 5 mg twice"), words_of("take 5 mg twice twice")));
}

/* Positions of the union are the smaller ones of the two sets: what makes a signature estimate anything. */
static void test_the_signature_of_a_union_is_the_minimum(void)
{
    static const unsigned permutations[] = {1, 7, 16, 112, 260, 4096};
    static const gsize counts[] = {1, 2, 3, 64, 999};
    for (unsigned p = 0; p < G_N_ELEMENTS(permutations); p++) {
        g_autofree guint32 *left = g_new(guint32, permutations[p]), *right = g_new(guint32, permutations[p]);
        g_autofree guint32 *both = g_new(guint32, permutations[p]);
        for (unsigned c = 0; c < G_N_ELEMENTS(counts); c++) {
            g_autofree guint64 *hashes = random_hashes(c, counts[c] + 50);
            minhash_sign(hashes, counts[c], left, permutations[p]);
            minhash_sign(hashes + counts[c], 50, right, permutations[p]);
            minhash_sign(hashes, counts[c] + 50, both, permutations[p]);
            for (unsigned i = 0; i < permutations[p]; i++)
                g_assert_cmpuint(both[i], ==, MIN(left[i], right[i]));
        }
    }
}

/* As dedup/minhash.h has it, element by element and without blocks, vectors or choosing. */
static void sign_by_definition(const guint64 *hashes, gsize count, guint32 *signature, unsigned permutations)
{
    memset(signature, 0xff, permutations * sizeof signature[0]);
    for (guint64 round = 0; round < MINHASH_ROUNDS; round++) {
        for (gsize i = 0; i < count; i++) {
            guint64 hash = round ? minhash_rehash(hashes[i], round) : hashes[i];
            guint32 value = (guint32)(round << 28) | (guint32)hash >> 4;
            guint32 *place = &signature[(hash >> 32) * permutations >> 32];
            *place = MIN(*place, value);
        }
    }
    for (unsigned p = 0; p < permutations; p++) {
        for (gsize i = 0; i < count && signature[p] >= (guint32)MINHASH_ROUNDS << 28; i++)
            signature[p] = MIN(signature[p], (guint32)MINHASH_ROUNDS << 28 | (guint32)(minhash_rehash(hashes[i], MINHASH_ROUNDS + p) >> 36));
    }
}

static void test_a_signature_is_what_the_definition_says(void)
{
    static const unsigned permutations[] = {1, 7, 16, 63, 64, 65, 112, 260, 511, 512, 513, 4096};
    static const gsize counts[] = {1, 2, 7, 8, 9, 64, 360, 511, 512, 513, 1100};
    guint32 expected[4096], got[4096];
    g_autofree guint64 *hashes = random_hashes(11, 1100);
    for (unsigned p = 0; p < G_N_ELEMENTS(permutations); p++) {
        for (unsigned c = 0; c < G_N_ELEMENTS(counts); c++) {
            sign_by_definition(hashes, counts[c], expected, permutations[p]);
            minhash_sign(hashes, counts[c], got, permutations[p]);
            g_assert_cmpmem(got, permutations[p] * sizeof got[0], expected, permutations[p] * sizeof expected[0]);
        }
    }
}

static void check_choice(const MinhashBackend *backend, const guint32 *signature, unsigned permutations, const guint64 *hashes, gsize count)
{
    guint64 empty[2][MINHASH_MAX_PERMUTATIONS / 64], kept[2][MINHASH_BLOCK + MINHASH_SPARE];
    const MinhashBackend *both[] = {&minhash_backend_portable, backend};
    gboolean any[2];
    gsize found[2];
    for (unsigned i = 0; i < 2; i++) {
        g_autofree guint64 *exact = g_memdup2(hashes, count * sizeof hashes[0]); /* so that sanitizers see a read behind its end */
        any[i] = both[i]->mark(signature, permutations, empty[i]);
        found[i] = both[i]->choose(exact, count, 3, empty[i], permutations, kept[i]);
    }
    g_assert_cmpint(any[0], ==, any[1]);
    g_assert_cmpmem(empty[0], (permutations + 63) / 64 * 8, empty[1], (permutations + 63) / 64 * 8);
    g_assert_cmpmem(kept[0], found[0] * 8, kept[1], found[1] * 8);
}

static void test_all_instruction_sets_choose_the_same_elements(void)
{
    const MinhashBackend *backend = minhash_backend(112);
    if (backend == &minhash_backend_portable) {
        g_test_skip("this machine has no AVX-512");
        return;
    }
    g_autofree guint64 *hashes = random_hashes(12, MINHASH_BLOCK);
    for (unsigned i = 0; i < 2000; i++) {
        guint32 signature[512];
        unsigned permutations = 1 + (unsigned)(random_at(i, "permutations", 0) % 512), share = 1 + i % 9;
        for (unsigned p = 0; p < permutations; p++)
            signature[p] = random_at(i, "full", p) % share ? 7 : MINHASH_EMPTY;
        check_choice(backend, signature, permutations, hashes, 1 + random_at(i, "count", 0) % MINHASH_BLOCK);
    }
}

static void test_an_empty_set_signs_as_all_ones(void)
{
    guint32 signature[3] = {0};
    minhash_sign(NULL, 0, signature, 3);
    for (unsigned i = 0; i < 3; i++)
        g_assert_cmpuint(signature[i], ==, G_MAXUINT32);
}

static void test_matches_are_counted_wherever_a_signature_lies(void)
{
    guint8 a[4 * 40 + 1], b[4 * 40 + 1];
    for (unsigned permutations = 1; permutations <= 39; permutations++) {
        unsigned expected = 0;
        for (unsigned i = 0; i < permutations; i++) {
            guint32 left = (guint32)random_at(permutations, "left", i), right = i % 3 ? left : left ^ 1u << i % 32;
            memcpy(a + 1 + 4 * i, &left, 4);
            memcpy(b + 4 * i, &right, 4);
            expected += left == right;
        }
        g_assert_cmpuint(minhash_matches(a + 1, b, permutations), ==, expected);
    }
}

static void test_a_signature_counts_every_element_once_in_any_order(void)
{
    guint64 hashes[600];
    guint32 first[112], second[112];
    for (unsigned i = 0; i < 300; i++)
        hashes[i] = hashes[599 - i] = random_at(3, "element", i);
    minhash_sign(hashes, 300, first, 112);
    minhash_sign(hashes, 600, second, 112);
    g_assert_cmpmem(first, sizeof first, second, sizeof second);
    minhash_sign(hashes + 300, 300, second, 112);
    g_assert_cmpmem(first, sizeof first, second, sizeof second);
    unsigned changed = 0;
    for (unsigned i = 0; i < 300; i++) {
        guint64 kept = hashes[i];
        hashes[i] = hashes[(i + 1) % 300];
        minhash_sign(hashes, 300, second, 112);
        changed += memcmp(first, second, sizeof first) != 0;
        hashes[i] = kept;
    }
    /* With 112 minima among 300 elements, about 300 (1 - exp(-112 / 300)) of them hold one. */
    g_assert_cmpuint(changed, >, 70);
}

enum { TRIALS = 500, PERMUTATIONS = 112, BANDS = 14 };

typedef struct Estimates {
    double similarity;
    double bias, variance; /* of the estimate; the variance over that of independent draws */
    double found, expected; /* pairs that agree in a band: measured, and 1 - (1 - J^rows)^bands */
} Estimates;

static gboolean share_a_band(const guint32 *left, const guint32 *right)
{
    gsize rows = PERMUTATIONS / BANDS;
    for (unsigned band = 0; band < BANDS; band++) {
        if (memcmp(left + band * rows, right + band * rows, rows * sizeof left[0]) == 0)
            return TRUE;
    }
    return FALSE;
}

/* Pairs of sets of `size` elements with Jaccard similarity near `wanted`. */
static Estimates estimate(gsize size, double wanted, guint64 seed)
{
    gsize shared = (gsize)(2 * (double)size * wanted / (1 + wanted) + 0.5);
    Estimates result = {.similarity = (double)shared / (double)(2 * size - shared)};
    for (unsigned trial = 0; trial < TRIALS; trial++) {
        guint32 left[PERMUTATIONS], right[PERMUTATIONS];
        g_autofree guint64 *hashes = random_hashes(seed * 1000 + trial, 2 * size - shared);
        minhash_sign(hashes, size, left, PERMUTATIONS);
        minhash_sign(hashes + size - shared, size, right, PERMUTATIONS);
        double deviation = (double)minhash_matches(left, right, PERMUTATIONS) / PERMUTATIONS - result.similarity;
        result.bias += deviation / TRIALS;
        result.variance += deviation * deviation / TRIALS;
        result.found += (double)share_a_band(left, right) / TRIALS;
    }
    double rows = (double)PERMUTATIONS / BANDS;
    result.variance /= result.similarity * (1 - result.similarity) / PERMUTATIONS;
    result.expected = 1 - pow(1 - pow(result.similarity, rows), BANDS);
    return result;
}

static void check_estimator(gsize size, double wanted, guint64 seed)
{
    Estimates got = estimate(size, wanted, seed);
    double sigma = sqrt(got.similarity * (1 - got.similarity) / PERMUTATIONS / TRIALS);
    g_test_message("size %" G_GSIZE_FORMAT ", J %.3f: bias %+.5f (sigma %.5f), variance ratio %.3f, found %.3f of %.3f", size,
                   got.similarity, got.bias, sigma, got.variance, got.found, got.expected);
    g_assert_cmpfloat(fabs(got.bias), <, 3 * sigma);
    /* The ratio of a sample variance has a standard deviation of about sqrt(2 / TRIALS) = 0.063. */
    g_assert_cmpfloat(got.variance, <, 1 + 3 * 0.063);
    g_assert_cmpfloat(got.found, >, got.expected - 3 * sqrt(MAX(got.expected * (1 - got.expected), 0.002) / TRIALS));
}

static void test_the_estimate_has_no_bias_and_at_most_the_variance_of_independent_draws(void)
{
    static const double similarities[] = {0.05, 0.3, 0.5, 0.8, 0.95};
    for (unsigned i = 0; i < G_N_ELEMENTS(similarities); i++) {
        check_estimator(40, similarities[i], 11 + i);
        check_estimator(300, similarities[i], 31 + i);
        check_estimator(1000, similarities[i], 21 + i);
    }
}

static void test_jaccard_counts_each_shingle_once(void)
{
    const guint64 left[] = {9, 1, 5, 5, 5, 1}, right[] = {5, 9, 2, 2};
    g_autoptr(ShingleSet) a = shingle_set_new(left, 6), b = shingle_set_new(right, 4), none = shingle_set_new(NULL, 0);
    g_assert_cmpuint(a->count, ==, 3);
    g_assert_cmpfloat(jaccard(a, b), ==, 0.5);
    g_assert_cmpfloat(jaccard(a, a), ==, 1);
    g_assert_cmpfloat(jaccard(a, none), ==, 0);
    g_assert_cmpfloat(jaccard(none, none), ==, 0);
}

static int compare_u64(gconstpointer a, gconstpointer b)
{
    guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;
    return (left > right) - (left < right);
}

static void test_the_radix_sort_sorts_and_is_stable(void)
{
    static const gsize counts[] = {0, 1, 2, 255, 5000};
    for (unsigned c = 0; c < G_N_ELEMENTS(counts); c++) {
        g_autofree guint64 *expected = random_hashes(c, counts[c]), *got = random_hashes(c, counts[c]);
        g_autofree guint64 *scratch = g_new(guint64, counts[c] + 1);
        qsort(expected, counts[c], sizeof *expected, compare_u64);
        radix_sort_u64(got, scratch, counts[c]);
        g_assert_cmpmem(got, counts[c] * 8, expected, counts[c] * 8);
    }
    g_auto(KeyList) keys = {0};
    for (guint32 i = 0; i < 3000; i++)
        key_list_add(&keys, (guint64)(i % 7) << 61 | i % 3, i);
    key_list_sort(&keys);
    for (gsize i = 1; i < keys.count; i++)
        g_assert_true(keys.items[i - 1].key < keys.items[i].key ||
                      (keys.items[i - 1].key == keys.items[i].key && keys.items[i - 1].index < keys.items[i].index));
}

static void test_sets_are_named_by_their_smallest_member(void)
{
    g_autoptr(UnionFind) sets = union_find_new(10);
    g_assert_true(union_find_join(sets, 7, 9));
    g_assert_true(union_find_join(sets, 9, 3));
    g_assert_false(union_find_join(sets, 3, 7));
    g_assert_cmpuint(union_find_root(sets, 9), ==, 3);
    g_assert_cmpuint(union_find_root(sets, 8), ==, 8);
}

/* Documents are alike when their numbers agree modulo `modulus`. */
typedef struct Likeness {
    guint32 modulus;
    guint64 comparisons;
} Likeness;

static gboolean alike(gpointer user, guint32 a, guint32 b, gboolean *same, GError **error)
{
    Likeness *likeness = user;
    likeness->comparisons++;
    *same = a % likeness->modulus == b % likeness->modulus;
    return TRUE;
}

static void link_list(KeyList *keys, UnionFind *sets, BucketSame same, gpointer user)
{
    g_autoptr(GError) error = NULL;
    Bucket bucket;
    key_list_sort(keys);
    for (gsize position = 0; key_list_next_bucket(keys, &position, &bucket);)
        g_assert_true(bucket_link(&bucket, sets, same, user, &error));
    g_assert_no_error(error);
}

static guint64 link_bucket(guint32 members, guint32 modulus, UnionFind *sets)
{
    Likeness likeness = {.modulus = modulus};
    g_auto(KeyList) keys = {0};
    for (guint32 i = 0; i < members; i++)
        key_list_add(&keys, 42, i);
    link_list(&keys, sets, alike, &likeness);
    return likeness.comparisons;
}

static void test_a_bucket_of_copies_costs_one_comparison_each(void)
{
    g_autoptr(UnionFind) sets = union_find_new(100000);
    g_assert_cmpuint(link_bucket(100000, 1, sets), ==, 99999);
    for (guint32 i = 0; i < 100000; i++)
        g_assert_cmpuint(union_find_root(sets, i), ==, 0);
    g_assert_cmpuint(link_bucket(100000, 1, sets), ==, 0);
}

static void test_a_bucket_of_strangers_costs_a_window_each(void)
{
    g_autoptr(UnionFind) sets = union_find_new(5000);
    guint64 comparisons = link_bucket(5000, 5000, sets);
    g_assert_cmpuint(comparisons, <=, 5000 * BUCKET_WINDOW);
    g_assert_cmpuint(comparisons, >, 4000 * BUCKET_WINDOW);
    for (guint32 i = 0; i < 5000; i++)
        g_assert_cmpuint(union_find_root(sets, i), ==, i);
}

static void test_few_families_in_a_large_bucket_are_all_found(void)
{
    g_autoptr(UnionFind) sets = union_find_new(20000);
    guint64 comparisons = link_bucket(20000, 10, sets);
    for (guint32 i = 0; i < 20000; i++)
        g_assert_cmpuint(union_find_root(sets, i), ==, i % 10);
    g_assert_cmpuint(comparisons, <=, 20000 * 10);
}

/* 0 and 1 are unlike, 2 is like both: a small bucket must find both links whatever matched first. */
static gboolean bridge(gpointer user, guint32 a, guint32 b, gboolean *same, GError **error)
{
    *same = MAX(a, b) == 2;
    return TRUE;
}

/* Each is like its neighbours alone: only 1 and 2 show that 2 belongs to 0. */
static gboolean neighbours(gpointer user, guint32 a, guint32 b, gboolean *same, GError **error)
{
    *same = MAX(a, b) - MIN(a, b) == 1;
    return TRUE;
}

static void test_a_small_bucket_compares_members_beside_representatives(void)
{
    g_autoptr(UnionFind) sets = union_find_new(BUCKET_WINDOW);
    g_auto(KeyList) keys = {0};
    for (guint32 i = 0; i < BUCKET_WINDOW; i++)
        key_list_add(&keys, 1, i);
    link_list(&keys, sets, neighbours, NULL);
    for (guint32 i = 0; i < BUCKET_WINDOW; i++)
        g_assert_cmpuint(union_find_root(sets, i), ==, 0);
}

static void test_one_member_can_join_two_sets(void)
{
    g_autoptr(UnionFind) sets = union_find_new(3);
    g_auto(KeyList) keys = {0};
    for (guint32 i = 0; i < 3; i++)
        key_list_add(&keys, 1, i);
    link_list(&keys, sets, bridge, NULL);
    g_assert_cmpuint(union_find_root(sets, 1), ==, 0);
    g_assert_cmpuint(union_find_root(sets, 2), ==, 0);
}

static void test_members_of_a_bucket_come_in_order(void)
{
    g_auto(KeyList) keys = {0};
    for (guint32 i = 0; i < 3000; i++)
        key_list_add(&keys, i % 3, (i * 7) % 3000);
    key_list_sort(&keys);
    Bucket bucket;
    gsize seen = 0;
    for (gsize position = 0; key_list_next_bucket(&keys, &position, &bucket); seen += bucket.count) {
        for (gsize i = 1; i < bucket.count; i++)
            g_assert_cmpuint(bucket.members[i - 1].index, <, bucket.members[i].index);
    }
    g_assert_cmpuint(seen, ==, 3000);
}

/* Whatever is held at once, keys come back as one sort would put them, and no bucket is cut. */
static void check_runs(gsize capacity, gsize wanted, guint expected_runs)
{
    enum { KEYS = 20000 };
    g_autoptr(GError) error = NULL;
    g_autoptr(KeyRuns) runs = key_runs_new(g_get_tmp_dir(), capacity, &error);
    g_auto(KeyList) sorted = {0}, part = {0};
    for (guint32 i = 0; i < KEYS; i++) {
        guint64 key = i % 7 ? random_at(4, "key", i) : 77; /* one large bucket */
        key_list_add(&sorted, key, i);
        g_assert_true(key_runs_add(runs, key, i, &error));
    }
    key_list_sort(&sorted);
    g_assert_true(key_runs_rewind(runs, &error));
    g_assert_cmpuint(key_runs_count(runs), ==, expected_runs);
    gsize at = 0;
    for (;;) {
        g_assert_true(key_runs_take(runs, wanted, &part, &error));
        if (part.count == 0)
            break;
        g_assert_true(at == 0 || sorted.items[at - 1].key != part.items[0].key);
        for (gsize i = 0; i < part.count; i++, at++) {
            g_assert_cmpuint(part.items[i].key, ==, sorted.items[at].key);
            g_assert_cmpuint(part.items[i].index, ==, sorted.items[at].index);
        }
    }
    g_assert_cmpuint(at, ==, KEYS);
    g_assert_no_error(error);
}

static void test_keys_on_disk_come_as_one_sort_would_put_them(void)
{
    check_runs(100, 50, 200);
    check_runs(3000, 6000, 7);
    check_runs(100000, 1, 0); /* memory held them all */
}

enum { JOINED = 200000 };

static gpointer join_some(gpointer data)
{
    UnionFind *sets = data;
    static gint threads;
    guint64 stream = (guint64)g_atomic_int_add(&threads, 1);
    for (guint32 i = 0; i < JOINED; i++) {
        guint32 member = (guint32)(random_at(stream, "join", i) % JOINED);
        union_find_join(sets, member, member % 1000);
        union_find_join(sets, i, i % 1000);
    }
    return NULL;
}

static void test_many_threads_join_the_same_sets(void)
{
    g_autoptr(UnionFind) sets = union_find_new(JOINED);
    GThread *threads[4];
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("join", join_some, sets);
    for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
        g_thread_join(threads[i]);
    for (guint32 i = 0; i < JOINED; i++)
        g_assert_cmpuint(union_find_root(sets, i), ==, i % 1000);
}

static gboolean exactly_alike(const char *a, const char *b)
{
    char scratch[200];
    return hash128_equal(exact_hash(a, strlen(a), scratch), exact_hash(b, strlen(b), scratch));
}

static void test_exact_texts_may_differ_in_case_and_spacing_only(void)
{
    g_assert_true(exactly_alike("  The  DOSE\r\n\r\nis 5 mg.\n", "the dose is 5 MG."));
    g_assert_false(exactly_alike("the dose is 5 mg.", "the dose is 5 mg"));
    g_assert_false(exactly_alike("the dose", "thedose"));
    g_assert_false(exactly_alike("\xc3\x89", "\xc3\xa9"));
    g_assert_true(exactly_alike(" \t", ""));
}

static void test_titles_keep_letters_and_digits(void)
{
    guint32 first, second;
    Hash128 a = title_hash("Beta-blockers in Heart Failure: a Review (2019).", &first);
    Hash128 b = title_hash("\xe2\x80\x9c"
                           "BETA BLOCKERS in heart-failure\xe2\x80\x9d \xe2\x80\x93 A review, 2019",
                           &second);
    g_assert_true(hash128_equal(a, b));
    g_assert_cmpuint(first, ==, 37);
    g_assert_cmpuint(second, ==, 37);
    title_hash(NULL, &first);
    g_assert_cmpuint(first, ==, 0);
    Hash128 c = title_hash("Beta-blockers in Heart Failure: a Review (2018).", &first);
    g_assert_false(hash128_equal(a, c));
}

static void assert_identity(const char *id, const char *meta, const char *expected)
{
    Document document = {.id = (char *)id, .meta = (char *)meta};
    g_auto(Identity) identity;
    identity_read(&identity, &document);
    g_autoptr(GString) got = g_string_new(NULL);
    for (unsigned i = 0; i < identity.count; i++)
        g_string_append_printf(got, "%s%s", i ? ", " : "", identity.identifiers[i].text);
    g_assert_cmpstr(got->str, ==, expected);
}

static void test_identifiers_are_normalised(void)
{
    assert_identity("PMID:0123", NULL, "PMID 123");
    assert_identity("PMC77", "{\"pmid\":\"5\",\"pmcid\":\"PMC77.2\"}", "PMID 5, PMCID 77");
    assert_identity("x", "{\"pmid\":31,\"pmcid\":\"pmc9\"}", "PMID 31, PMCID 9");
    assert_identity("x", "{\"doi\":\"https://doi.org/10.1000/ABC.d\"}", "DOI 10.1000/abc.d");
    assert_identity("x", "{\"doi\":\"doi: 10.1000/ABC.d \"}", "DOI 10.1000/abc.d");
    assert_identity("x", "{\"doi\":\"HTTP://dx.doi.org/10.1/a/b\"}", "DOI 10.1/a/b");
    assert_identity("PMID:6", "{\"pmid\":\"5\"}", "PMID 5, PMID 6");
}

static void test_what_has_no_form_is_no_identifier(void)
{
    assert_identity("PMID:", "{\"pmid\":\"\",\"pmcid\":\"none\",\"doi\":\"n/a\"}", "");
    assert_identity("PMCX", "{\"pmid\":\"12a\",\"pmcid\":\"PMC\",\"doi\":\"10./x\"}", "");
    assert_identity("PMID:0", "{\"pmid\":null,\"doi\":\"10.1000/\"}", "");
    assert_identity(NULL, "not json", "");
    assert_identity("https://example.org/PMC12", "[]", "");
}

static void test_the_rank_follows_kind_group_licence_and_length(void)
{
    guint64 article = preference_rank(document_kind("article"), FALSE, FALSE, 10);
    guint64 abstract = preference_rank(document_kind("abstract"), FALSE, FALSE, 1000);
    guint64 page = preference_rank(document_kind("page"), FALSE, FALSE, 1000);
    guint64 text = preference_rank(document_kind("text"), FALSE, FALSE, 100000);
    guint64 replayed = preference_rank(document_kind("text"), TRUE, FALSE, 200000);
    g_assert_true(article > abstract && abstract > page && page > text && text > replayed);
    g_assert_cmpuint(preference_rank(document_kind("poem"), FALSE, FALSE, 5), ==, preference_rank(KIND_TEXT, FALSE, FALSE, 5));
    g_assert_true(preference_replay(replayed) && !preference_replay(text));
    g_assert_cmpint(preference_kind(abstract), ==, KIND_ABSTRACT);
    guint64 open_page = preference_rank(document_kind("page"), FALSE, TRUE, 20);
    guint64 open_replay = preference_rank(document_kind("text"), TRUE, TRUE, 300000);
    g_assert_true(abstract > open_page && open_page > page && open_replay > replayed && text > open_replay);
    g_assert_true(preference_rank(KIND_PAGE, FALSE, FALSE, 1001) > page);
}

static void test_licences_are_told_by_their_words(void)
{
    static const char *const open[] = {
        "CC-BY-4.0", "CC0-1.0", "CCBY", "cc-by-sa", "CC BY-SA 3.0 IGO", "https://creativecommons.org/licenses/by/4.0/", "Apache-2.0", "ODC-By-1.0",
        "LicenseRef-US-Government-Public-Domain", "This is an open access article under a Creative Commons Attribution License",
    };
    static const char *const closed[] = {
        "CC-BY-NC-4.0", "CCBYNC", "CC BY-ND", "http://creativecommons.org/licenses/by-nc-nd/4.0/", "All rights reserved.",
        "Creative Commons Attribution Non-Commercial License",
    };
    static const char *const unknown[] = {"", "LicenseRef-NLM-Terms", "see website", "submit", "candid"};
    for (gsize i = 0; i < G_N_ELEMENTS(open); i++)
        g_assert_cmpint(licence_openness(open[i]), ==, LICENCE_OPEN);
    for (gsize i = 0; i < G_N_ELEMENTS(closed); i++)
        g_assert_cmpint(licence_openness(closed[i]), ==, LICENCE_CLOSED);
    for (gsize i = 0; i < G_N_ELEMENTS(unknown); i++)
        g_assert_cmpint(licence_openness(unknown[i]), ==, LICENCE_UNKNOWN);
    g_assert_cmpint(licence_openness(NULL), ==, LICENCE_UNKNOWN);
}

static void test_the_addresses_of_one_page_have_one_form(void)
{
    static const char *const cases[][2] = {
        {"https://www.Example.org/a/b/?utm_source=x&b=2&a=1#top", "example.org/a/b?a=1&b=2"},
        {"http://example.org:80/a/./c/../b/index.html?a=1&&b=2&fbclid=9", "example.org/a/b?a=1&b=2"},
        {"https://example.org", "example.org"},
        {"https://example.org/#/guideline/7", "example.org#/guideline/7"},
        {"https://example.org/%7eme/%c3%a9?q=%41", "example.org/~me/%C3%A9?q=A"},
        {"https://example.org:8443/index.php?id=1", "example.org:8443?id=1"},
        {"https://example.org/x?utm_campaign=1", "example.org/x"},
        {"https://example.org/%zz%4", "example.org/%zz%4"},
        {"ftp://example.org/a", NULL},
        {"PMID:123", NULL},
        {"/relative/path", NULL},
        {"", NULL},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = canonical_url(cases[i][0]);
        g_assert_cmpstr(got, ==, cases[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shingle/words are letters and digits without case",
                    test_words_are_letters_and_digits_without_case);
    g_test_add_func("/shingle/a shingle depends on its words alone", test_a_shingle_depends_on_its_words_alone);
    g_test_add_func("/shingle/a text shorter than a shingle is one shingle",
                    test_a_text_shorter_than_a_shingle_is_one_shingle);
    g_test_add_func("/shingle/a word of any length is one word", test_a_word_of_any_length_is_one_word);
    g_test_add_func("/shingle/every word has the hash that it has alone",
                    test_every_word_has_the_hash_that_it_has_alone);
    g_test_add_func("/shingle/all instruction sets find the same words", test_all_instruction_sets_find_the_same_words);
    g_test_add_func("/shingle/shingles of characters see words alone", test_shingles_of_characters_see_words_alone);
    g_test_add_func("/shingle/texts of the same words are known by one hash",
                    test_texts_of_the_same_words_are_known_by_one_hash);
    g_test_add_func("/shingle/words that differ anywhere have different hashes",
                    test_words_that_differ_anywhere_have_different_hashes);
    g_test_add_func("/minhash/a signature counts every element once in any order",
                    test_a_signature_counts_every_element_once_in_any_order);
    g_test_add_func("/minhash/the signature of a union is the minimum", test_the_signature_of_a_union_is_the_minimum);
    g_test_add_func("/minhash/a signature is what the definition says", test_a_signature_is_what_the_definition_says);
    g_test_add_func("/minhash/all instruction sets choose the same elements", test_all_instruction_sets_choose_the_same_elements);
    g_test_add_func("/minhash/an empty set signs as all ones", test_an_empty_set_signs_as_all_ones);
    g_test_add_func("/minhash/matches are counted wherever a signature lies",
                    test_matches_are_counted_wherever_a_signature_lies);
    g_test_add_func("/minhash/the estimate has no bias and at most the variance of independent draws",
                    test_the_estimate_has_no_bias_and_at_most_the_variance_of_independent_draws);
    g_test_add_func("/jaccard/each shingle counts once", test_jaccard_counts_each_shingle_once);
    g_test_add_func("/radix sort/it sorts and is stable", test_the_radix_sort_sorts_and_is_stable);
    g_test_add_func("/union-find/sets are named by their smallest member",
                    test_sets_are_named_by_their_smallest_member);
    g_test_add_func("/bucket/a bucket of copies costs one comparison each",
                    test_a_bucket_of_copies_costs_one_comparison_each);
    g_test_add_func("/bucket/a bucket of strangers costs a window each",
                    test_a_bucket_of_strangers_costs_a_window_each);
    g_test_add_func("/bucket/few families in a large bucket are all found",
                    test_few_families_in_a_large_bucket_are_all_found);
    g_test_add_func("/bucket/a small bucket compares members beside representatives",
                    test_a_small_bucket_compares_members_beside_representatives);
    g_test_add_func("/key runs/keys on disk come as one sort would put them", test_keys_on_disk_come_as_one_sort_would_put_them);
    g_test_add_func("/union-find/many threads join the same sets", test_many_threads_join_the_same_sets);
    g_test_add_func("/bucket/members of a bucket come in order", test_members_of_a_bucket_come_in_order);
    g_test_add_func("/bucket/one member can join two sets", test_one_member_can_join_two_sets);
    g_test_add_func("/exact/texts may differ in case and spacing only",
                    test_exact_texts_may_differ_in_case_and_spacing_only);
    g_test_add_func("/title/titles keep letters and digits", test_titles_keep_letters_and_digits);
    g_test_add_func("/identity/identifiers are normalised", test_identifiers_are_normalised);
    g_test_add_func("/identity/what has no form is no identifier", test_what_has_no_form_is_no_identifier);
    g_test_add_func("/preference/the rank follows kind, group, licence and length", test_the_rank_follows_kind_group_licence_and_length);
    g_test_add_func("/licence/open and closed licences are told by their words", test_licences_are_told_by_their_words);
    g_test_add_func("/url/the addresses of one page have one form", test_the_addresses_of_one_page_have_one_form);
    return g_test_run();
}
