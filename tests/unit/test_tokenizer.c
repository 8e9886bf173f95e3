/* SPDX-License-Identifier: Apache-2.0
 * store/tokenizer.h and tokenizer_store.h: SentencePiece's ids, special tokens, and what is refused. */
#include "store/tokenizer.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "store/tokenizer_store.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static GArray *encode(const Tokenizer *tokenizer, const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    GArray *ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_assert_true(tokenizer_encode(tokenizer, text, length, ids, &error));
    g_assert_no_error(error);
    return ids;
}

static void assert_ids(const GArray *ids, const guint32 *expected, gsize count)
{
    g_assert_cmpmem(ids->data, ids->len * sizeof(guint32), expected, count * sizeof(guint32));
}

static void run(const char *directory, const char *command)
{
    g_autofree char *line = g_strdup_printf("cd '%s' && %s", directory, command);
    g_assert_cmpint(system(line), ==, 0);
}

/* Lines of words that repeat, so that a model has something to learn. */
static char *make_lines(unsigned count)
{
    static const char *const words[] = {"the", "patient", "of", "therapy", "treatment", "dose", "5 mg", "caf\xc3\xa9",
                                        "\xce\xb2-blocker", "randomised", "  two  spaces", "x\xf0\x9f\x98\x80",
                                        "", "", "immunohistochemically-determined-progression", "a\xe2\x96\x81z"};
    g_autoptr(GString) lines = g_string_new(NULL);
    for (unsigned line = 0; line < count; line++) {
        for (unsigned word = 0; word < 12; word++)
            g_string_append_printf(lines, "%s ", words[random_at(3, "words", line * 12 + word) % G_N_ELEMENTS(words)]);
        g_string_append(lines, line % 3 ? "end\n" : "\n"); /* spaces at the end, too */
    }
    return g_string_free(g_steal_pointer(&lines), FALSE);
}

static void compare_with_spm_encode(const char *type)
{
    g_autofree char *train = g_find_program_in_path("spm_train"), *program = g_find_program_in_path("spm_encode");
    if (!train || !program) {
        g_test_skip("spm_train and spm_encode are not installed");
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autofree char *lines = make_lines(200);
    g_autofree char *lines_path = g_build_filename(fixture->directory, "lines", NULL);
    g_autofree char *ids_path = g_build_filename(fixture->directory, "ids", NULL);
    g_autofree char *model_path = g_build_filename(fixture->directory, "spm.model", NULL);
    g_assert_true(g_file_set_contents(lines_path, lines, -1, NULL));
    g_autofree char *command =
        g_strdup_printf("spm_train --input=lines --model_prefix=spm --vocab_size=330 --model_type=%s --byte_fallback "
                        "--normalization_rule_name=identity --remove_extra_whitespaces=false --hard_vocab_limit=false "
                        "--num_threads=1 --minloglevel=2 >log 2>&1", type);
    run(fixture->directory, command);
    run(fixture->directory, "spm_encode --model=spm.model --output_format=id <lines >ids");
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(model_path, NULL, 0, &error);
    g_assert_no_error(error);
    g_autofree char *expected = NULL;
    g_assert_true(g_file_get_contents(ids_path, &expected, NULL, NULL));
    g_autoptr(GString) got = g_string_new(NULL);
    g_auto(GStrv) rows = g_strsplit(lines, "\n", -1);
    for (gsize row = 0; rows[row + 1]; row++) {
        g_autoptr(GArray) ids = encode(tokenizer, rows[row], strlen(rows[row]));
        for (guint i = 0; i < ids->len; i++)
            g_string_append_printf(got, "%s%u", i ? " " : "", g_array_index(ids, guint32, i));
        g_string_append_c(got, '\n');
        if (strstr(rows[row], "\xe2\x96\x81"))
            continue; /* the mark becomes a space */
        g_autofree char *back = tokenizer_decode(tokenizer, (guint32 *)(void *)ids->data, ids->len, &error);
        g_assert_cmpstr(back, ==, rows[row]);
    }
    g_assert_cmpuint(got->len, >, 200 * 20);
    g_assert_cmpstr(got->str, ==, expected);
}

static void test_bpe_ids_are_those_of_spm_encode(void)
{
    compare_with_spm_encode("bpe");
}

static void test_unigram_ids_are_those_of_spm_encode(void)
{
    compare_with_spm_encode("unigram");
}

/* In the fixture's model: 3 is the space, 4 is "the", 5 is "a", then the alphabet; 31 is the special token. */
static void test_special_tokens_have_ids_behind_the_last_piece(void)
{
    const char text[] = "a[ref]the b[ref]";
    g_autoptr(GArray) ids = encode(fixture->tokenizer, text, strlen(text));
    assert_ids(ids, (guint32[]){3, 5, 31, 3, 4, 3, 6, 31}, 8);
    g_assert_cmpuint(tokenizer_vocabulary(fixture->tokenizer), ==, 32);
    g_assert_cmpuint(tokenizer_bos(fixture->tokenizer), ==, 1);
    g_assert_cmpuint(tokenizer_eos(fixture->tokenizer), ==, 2);
}

static void test_of_two_special_tokens_at_one_place_the_longer_wins(void)
{
    g_autoptr(GError) error = NULL;
    const char *const special[] = {"[a", "[a]", "[a][b]"};
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(fixture->model_path, special, 3, &error);
    g_assert_no_error(error);
    g_autoptr(GArray) ids = encode(tokenizer, "[a][b][a][a", 11);
    assert_ids(ids, (guint32[]){33, 32, 31}, 3);
}

static void test_ids_decode_to_the_text_they_came_from(void)
{
    g_autoptr(GError) error = NULL;
    const char text[] = "the  cat[ref]sat on[ref][ref]mats";
    g_autoptr(GArray) ids = encode(fixture->tokenizer, text, strlen(text));
    g_autofree char *back = tokenizer_decode(fixture->tokenizer, (guint32 *)(void *)ids->data, ids->len, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(back, ==, text);
}

static void test_no_text_has_no_ids(void)
{
    g_autoptr(GArray) ids = encode(fixture->tokenizer, "", 0);
    g_assert_cmpuint(ids->len, ==, 0);
}

static void test_invalid_utf8_is_read_as_replacement_characters(void)
{
    g_autoptr(GArray) broken = encode(fixture->tokenizer, "a\xff\xc3z", 4);
    g_autoptr(GArray) mended = encode(fixture->tokenizer, "a\xef\xbf\xbd\xef\xbf\xbdz", 8);
    g_assert_cmpuint(broken->len, >, 2);
    assert_ids(broken, (guint32 *)(void *)mended->data, mended->len);
}

static void test_an_id_past_the_vocabulary_is_an_input_error(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = tokenizer_decode(fixture->tokenizer, (guint32[]){5, 32}, 2, &error);
    g_assert_null(text);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
}

static void assert_refused(const void *bytes, gsize length, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(fixture->directory, "bad.model", NULL);
    g_assert_true(g_file_set_contents(path, bytes, (gssize)length, NULL));
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(path, NULL, 0, &error);
    g_assert_null(tokenizer);
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "bad.model"));
    g_assert_nonnull(strstr(error->message, words));
}

static void test_what_is_no_model_is_refused_by_name(void)
{
    g_autoptr(GByteArray) model = fixture_model(TRUE), endless = fixture_model(FALSE);
    assert_refused("hello", 5, "not a tokenizer that Galen knows");
    assert_refused("", 0, "not a tokenizer that Galen knows");
    assert_refused(model->data, model->len / 2, "not a tokenizer that Galen knows");
    assert_refused(endless->data, endless->len, "end-of-sequence");
}

static void test_special_tokens_that_cannot_be_told_apart_are_refused(void)
{
    g_autoptr(GError) error = NULL;
    const char *const twice[] = {"[a]", "[b]", "[a]"}, *const empty[] = {""};
    g_assert_null(tokenizer_load(fixture->model_path, twice, 3, &error));
    g_assert_nonnull(strstr(error->message, "[a]"));
    g_clear_error(&error);
    g_assert_null(tokenizer_load(fixture->model_path, empty, 1, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
}

static void test_the_digest_knows_the_special_tokens(void)
{
    g_autoptr(GError) error = NULL;
    const char *const one[] = {"ab", "c"}, *const other[] = {"a", "bc"};
    g_autoptr(Tokenizer) first = tokenizer_load(fixture->model_path, one, 2, &error);
    g_autoptr(Tokenizer) second = tokenizer_load(fixture->model_path, other, 2, &error);
    g_assert_cmpint(memcmp(tokenizer_digest(first), tokenizer_digest(second), sizeof(Sha256)), !=, 0);
}

static void test_a_store_gives_back_its_tokenizer_and_no_other(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = fixture_store(fixture, "keeps");
    g_assert_null(tokenizer_from_store(store, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_clear_error(&error);
    g_assert_true(tokenizer_to_store(store, fixture->tokenizer, &error));
    g_autoptr(Tokenizer) tokenizer = tokenizer_from_store(store, &error);
    g_assert_no_error(error);
    g_assert_cmpmem(tokenizer_digest(tokenizer), sizeof(Sha256), tokenizer_digest(fixture->tokenizer), sizeof(Sha256));
    g_autoptr(GArray) ids = encode(tokenizer, "a[ref]", 6);
    assert_ids(ids, (guint32[]){3, 5, 31}, 3);

    g_autoptr(GByteArray) other = fixture_model(TRUE);
    other->data[other->len - 1] ^= 1;
    g_autofree char *path = g_build_filename(store_directory(store), TOKENIZER_FILE, NULL);
    g_assert_true(g_file_set_contents(path, (char *)other->data, other->len, NULL));
    g_assert_null(tokenizer_from_store(store, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
    g_assert_nonnull(strstr(error->message, "not the model"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/tokenizer/bpe ids are those of spm_encode", test_bpe_ids_are_those_of_spm_encode);
    g_test_add_func("/tokenizer/unigram ids are those of spm_encode", test_unigram_ids_are_those_of_spm_encode);
    g_test_add_func("/tokenizer/special tokens have ids behind the last piece",
                    test_special_tokens_have_ids_behind_the_last_piece);
    g_test_add_func("/tokenizer/of two special tokens at one place the longer wins",
                    test_of_two_special_tokens_at_one_place_the_longer_wins);
    g_test_add_func("/tokenizer/ids decode to the text they came from", test_ids_decode_to_the_text_they_came_from);
    g_test_add_func("/tokenizer/no text has no ids", test_no_text_has_no_ids);
    g_test_add_func("/tokenizer/invalid utf-8 is read as replacement characters",
                    test_invalid_utf8_is_read_as_replacement_characters);
    g_test_add_func("/tokenizer/an id past the vocabulary is an input error",
                    test_an_id_past_the_vocabulary_is_an_input_error);
    g_test_add_func("/tokenizer/what is no model is refused by name", test_what_is_no_model_is_refused_by_name);
    g_test_add_func("/tokenizer/special tokens that cannot be told apart are refused",
                    test_special_tokens_that_cannot_be_told_apart_are_refused);
    g_test_add_func("/tokenizer/the digest knows the special tokens", test_the_digest_knows_the_special_tokens);
    g_test_add_func("/tokenizer/a store gives back its tokenizer and no other",
                    test_a_store_gives_back_its_tokenizer_and_no_other);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
