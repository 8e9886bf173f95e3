/* SPDX-License-Identifier: Apache-2.0
 * store/spm_encode.h beside libsentencepiece: random models of every setting, random texts, the same ids and text back. */
#include "store/spm_encode.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/sentencepiece.h"
#include "tests/unit/spm_fixture.h"

/* ---- Random models --------------------------------------------------------------------------------------------------- */

typedef struct Dice {
    guint64 seed, drawn;
} Dice;

static guint32 roll(Dice *dice, guint32 sides)
{
    return (guint32)(random_at(dice->seed, "dice", dice->drawn++) % sides);
}

/* What texts are made of. Some of it is in no model, some is no UTF-8. */
static const char *const atoms[] = {
    "a", "b", "c", "e", "t", " ", "  ", "     ", SPM_SPACE, "\xc3\xa9", "\xce\xb2", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "e\xcc\x81", "\xef\xac\x81",
    "\xc2\xa0", "\t", "\n", "\xff", "\xe6\x97", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80", "\xef\xbf\xbd", "<s>", "<0x41>", "<unk>", "ab", "5", "10",
    "\xe2\x80\x99", "\xe2\x96\x82", "\xef\xbc\xa1", "\xc2\xbd",
};

static void put_single_pieces(GByteArray *model, GPtrArray *texts, Dice *dice)
{
    static const char *const singles[] = {"a", "b", "c", "e", "t", SPM_SPACE, "\xc3\xa9", "\xce\xb2", "\xe6\x97\xa5", "5", "\xef\xbf\xbd", "f", "i"};
    for (gsize i = 0; i < G_N_ELEMENTS(singles); i++) {
        if (roll(dice, 8) == 0)
            continue;
        g_ptr_array_add(texts, g_strdup(singles[i]));
        spm_put_piece(model, singles[i], -1.0f - (float)i, SPM_NORMAL);
    }
}

/* Pieces made of two earlier ones, or of one and a character that is no piece. */
static void put_merged_pieces(GByteArray *model, GPtrArray *texts, Dice *dice, gboolean inner_spaces, gboolean odd_types)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < texts->len; i++)
        g_hash_table_add(seen, texts->pdata[i]);
    for (unsigned i = 0; i < 120; i++) {
        const char *left = texts->pdata[roll(dice, texts->len)];
        const char *right = roll(dice, 12) ? texts->pdata[roll(dice, texts->len)] : "\xe2\x82\xac";
        if (!inner_spaces && strstr(right, SPM_SPACE) && strcmp(left, SPM_SPACE) != 0)
            continue;
        char *text = g_strconcat(left, right, NULL);
        if (strlen(text) > 24 || g_hash_table_contains(seen, text)) {
            g_free(text);
            continue;
        }
        g_ptr_array_add(texts, text);
        g_hash_table_add(seen, text);
        guint32 odd = odd_types ? roll(dice, 12) : 2;
        spm_put_piece(model, text, -(float)roll(dice, 60), odd == 0 ? SPM_UNUSED : odd == 1 ? SPM_USER_DEFINED : SPM_NORMAL);
    }
}

static void put_byte_pieces(GByteArray *model)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        g_autofree char *text = g_strdup_printf("<0x%02X>", byte);
        spm_put_piece(model, text, 0, SPM_BYTE);
    }
}

static GByteArray *random_model(Dice *dice, const char *charsmap, gsize charsmap_length)
{
    GByteArray *model = g_byte_array_new();
    g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
    gboolean bytes = roll(dice, 2), inner = roll(dice, 2), odd = roll(dice, 2), squeeze = roll(dice, 2);
    guint64 trainer[][2] = {{3, SPM_BPE}, {24, roll(dice, 4) == 0}, {35, bytes}};
    guint64 flags[][2] = {{3, roll(dice, 3) != 0}, {4, squeeze}, {5, roll(dice, 6) != 0}};
    spm_put_piece(model, "<unk>", 0, SPM_UNKNOWN);
    spm_put_piece(model, "<s>", 0, SPM_CONTROL);
    spm_put_piece(model, "</s>", 0, SPM_CONTROL);
    if (bytes)
        put_byte_pieces(model);
    put_single_pieces(model, texts, dice);
    put_merged_pieces(model, texts, dice, inner, odd);
    spm_put_flags(model, SPM_TRAINER, trainer, G_N_ELEMENTS(trainer));
    spm_put_flags(model, SPM_NORMALIZER, flags, G_N_ELEMENTS(flags));
    if (charsmap) { /* the parts of a message may come in pieces */
        g_autoptr(GByteArray) map = g_byte_array_new();
        spm_put_field(map, 2, charsmap, charsmap_length);
        spm_put_field(model, SPM_NORMALIZER, map->data, map->len);
    }
    return model;
}

static char *random_text(Dice *dice)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint32 left = roll(dice, roll(dice, 10) ? 14 : 160); left > 0; left--)
        g_string_append(text, roll(dice, 3) ? atoms[roll(dice, 9)] : atoms[roll(dice, G_N_ELEMENTS(atoms))]);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* ---- Both, side by side -------------------------------------------------------------------------------------------------- */

typedef struct Pair {
    SentencePieceModel *library;
    SpmEncoder *encoder;
} Pair;

static void pair_open(Pair *pair, const char *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *failure = NULL;
    pair->library = sentencepiece_load(bytes, length, &failure);
    g_assert_cmpstr(failure, ==, NULL);
    SpmModel *model = spm_model_read(bytes, length, &error);
    g_assert_no_error(error);
    pair->encoder = spm_encoder_new(model, &error);
    g_assert_no_error(error);
}

static void pair_close(Pair *pair)
{
    sentencepiece_free(pair->library);
    spm_encoder_free(pair->encoder);
}

static char *describe(const GArray *ids)
{
    GString *line = g_string_new(NULL);
    for (guint i = 0; i < MIN(ids->len, 200); i++)
        g_string_append_printf(line, "%u ", g_array_index(ids, guint32, i));
    return g_string_free(line, FALSE);
}

static void assert_same_ids(const Pair *pair, const char *text, gsize length)
{
    g_autoptr(GArray) ours = g_array_new(FALSE, FALSE, sizeof(guint32)), theirs = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GString) back = g_string_new(NULL), their_back = g_string_new(NULL);
    g_autofree char *failure = NULL;
    spm_encode(pair->encoder, text, length, ours);
    g_assert_true(sentencepiece_encode(pair->library, text, length, theirs, &failure));
    if (ours->len != theirs->len || (ours->len && memcmp(ours->data, theirs->data, ours->len * sizeof(guint32)) != 0)) {
        g_autofree char *a = describe(ours), *b = describe(theirs), *escaped = g_strescape(text, NULL);
        g_test_message("\"%s\"\nours   %s\ntheirs %s", escaped, a, b);
        g_test_fail();
        return;
    }
    spm_decode(pair->encoder, (guint32 *)(gpointer)ours->data, ours->len, back);
    g_assert_true(sentencepiece_decode(pair->library, (guint32 *)(gpointer)ours->data, ours->len, their_back, &failure));
    g_assert_cmpmem(back->str, back->len, their_back->str, their_back->len);
}

static void compare_random(guint64 seeds, unsigned texts, const char *charsmap, gsize charsmap_length)
{
    unsigned by_words = 0;
    for (guint64 seed = 0; seed < seeds && !g_test_failed(); seed++) {
        Dice dice = {seed, 0};
        g_autoptr(GByteArray) bytes = random_model(&dice, charsmap, charsmap_length);
        Pair pair;
        pair_open(&pair, (const char *)bytes->data, bytes->len);
        by_words += spm_encoder_by_words(pair.encoder);
        for (unsigned i = 0; i < texts && !g_test_failed(); i++) {
            g_autofree char *text = random_text(&dice);
            assert_same_ids(&pair, text, strlen(text));
        }
        if (g_test_failed())
            g_test_message("model of seed %" G_GUINT64_FORMAT, seed);
        pair_close(&pair);
    }
    g_assert_cmpuint(by_words, >, 0);
    g_assert_cmpuint(by_words, <, seeds);
}

static void test_random_models_give_the_librarys_ids_and_text(void)
{
    compare_random(60, 200, NULL, 0);
}

/* ---- Models that spm_train makes ------------------------------------------------------------------------------------------- */

static char *trained_model(const char *options, gsize *length)
{
    g_autofree char *program = g_find_program_in_path("spm_train");
    if (!program)
        return NULL;
    g_autofree char *directory = g_dir_make_tmp("galen-spm-XXXXXX", NULL);
    g_autofree char *lines = g_build_filename(directory, "lines", NULL), *model = g_build_filename(directory, "m.model", NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    Dice dice = {11, 0};
    for (unsigned i = 0; i < 400; i++) {
        g_autofree char *line = random_text(&dice);
        g_autofree char *valid = g_utf8_make_valid(line, -1);
        g_string_append_printf(text, "%s the dose of therapy\n", g_strdelimit(valid, "\n\r", ' '));
    }
    g_assert_true(g_file_set_contents(lines, text->str, (gssize)text->len, NULL));
    g_autofree char *command = g_strdup_printf("cd '%s' && spm_train --input=lines --model_prefix=m --vocab_size=400 --model_type=bpe "
                                               "--hard_vocab_limit=false --num_threads=1 --minloglevel=2 %s >log 2>&1 ", directory, options);
    char *bytes = NULL;
    g_assert_cmpint(system(command), ==, 0);
    g_assert_true(g_file_get_contents(model, &bytes, length, NULL));
    g_autofree char *clear = g_strdup_printf("rm -r '%s'", directory);
    g_assert_cmpint(system(clear), ==, 0);
    return bytes;
}

static void test_trained_models_give_the_librarys_ids(void)
{
    static const char *const options[] = {
        "--normalization_rule_name=identity --byte_fallback --remove_extra_whitespaces=false --split_digits",
        "--normalization_rule_name=nmt_nfkc",
        "--normalization_rule_name=nfkc_cf --byte_fallback --user_defined_symbols=ab,dose",
        "--normalization_rule_name=nfkc --split_by_whitespace=false --treat_whitespace_as_suffix",
        "--normalization_rule_name=nmt_nfkc_cf --add_dummy_prefix=false --allow_whitespace_only_pieces",
    };
    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        gsize length;
        g_autofree char *bytes = trained_model(options[i], &length);
        if (!bytes) {
            g_test_skip("spm_train is not installed");
            return;
        }
        Pair pair;
        Dice dice = {i, 0};
        pair_open(&pair, bytes, length);
        for (unsigned text = 0; text < 2000 && !g_test_failed(); text++) {
            g_autofree char *line = random_text(&dice);
            assert_same_ids(&pair, line, strlen(line));
        }
        pair_close(&pair);
    }
}

static void test_random_models_with_a_table_of_characters(void)
{
    gsize length;
    g_autoptr(GError) error = NULL;
    g_autofree char *bytes = trained_model("--normalization_rule_name=nmt_nfkc_cf", &length);
    if (!bytes) {
        g_test_skip("spm_train is not installed");
        return;
    }
    g_autoptr(SpmModel) model = spm_model_read(bytes, length, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(model->charsmap.length, >, 1000);
    compare_random(20, 200, model->charsmap.at, model->charsmap.length);
}

/* ---- Models and texts that happen to be there --------------------------------------------------------------------------------- */

static void test_llama_and_mistral_give_the_librarys_ids(void)
{
    static const char *const models[] = {"tokenizer/llama2.c-tokenizer.model", "tokenizer/mistral/mistral_instruct_tokenizer_240216.model.v2"};
    g_autofree char *data = g_build_filename(g_getenv("top_srcdir") ? g_getenv("top_srcdir") : ".", "..", "shared", "data", NULL);
    g_autofree char *text_path = g_build_filename(data, "tokenizer", "sentencepiece", "botchan.txt", NULL), *text = NULL;
    gsize text_length;
    if (!g_file_get_contents(text_path, &text, &text_length, NULL)) {
        g_test_skip("no models of Llama and Mistral at hand");
        return;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(models); i++) {
        g_autofree char *path = g_build_filename(data, models[i], NULL), *bytes = NULL;
        gsize length;
        g_assert_true(g_file_get_contents(path, &bytes, &length, NULL));
        Pair pair;
        Dice dice = {i + 100, 0};
        pair_open(&pair, bytes, length);
        g_assert_true(spm_encoder_by_words(pair.encoder));
        assert_same_ids(&pair, text, text_length);
        for (unsigned at = 0; at < 20000 && !g_test_failed(); at++) {
            g_autofree char *line = random_text(&dice);
            assert_same_ids(&pair, line, strlen(line));
        }
        pair_close(&pair);
    }
}

/* ---- Damage ------------------------------------------------------------------------------------------------------------------- */

static void test_a_cut_or_changed_model_file_is_an_error_or_a_model(void)
{
    Dice dice = {5, 0};
    g_autoptr(GByteArray) whole = random_model(&dice, "\x08\0\0\0\x12\x34\x56\x78\x9a\xbc\xde\xf0x", 14);
    unsigned refused = 0;
    for (guint length = 0; length <= whole->len; length++) {
        g_autofree char *cut = g_memdup2(whole->data, length);
        if (length > 0 && roll(&dice, 2))
            cut[roll(&dice, length)] = (char)roll(&dice, 256);
        g_autoptr(GError) error = NULL;
        g_autoptr(SpmModel) model = spm_model_read(cut, length, &error);
        g_autoptr(SpmEncoder) encoder = model ? spm_encoder_new(g_steal_pointer(&model), &error) : NULL;
        g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
        if (encoder)
            spm_encode(encoder, "ab \xc3\xa9 caf\xc3\xa9\xff", 13, ids);
        else
            g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        refused += encoder == NULL;
    }
    g_assert_cmpuint(refused, >, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/spm/random models give the library's ids and text", test_random_models_give_the_librarys_ids_and_text);
    g_test_add_func("/spm/trained models give the library's ids", test_trained_models_give_the_librarys_ids);
    g_test_add_func("/spm/random models with a table of characters", test_random_models_with_a_table_of_characters);
    g_test_add_func("/spm/Llama and Mistral give the library's ids", test_llama_and_mistral_give_the_librarys_ids);
    g_test_add_func("/spm/a cut or changed model file is an error or a model", test_a_cut_or_changed_model_file_is_an_error_or_a_model);
    return g_test_run();
}
