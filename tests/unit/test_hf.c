/* SPDX-License-Identifier: Apache-2.0
 * store/hf_encode.h beside the ids that Hugging Face's tokenizers gave (tests/fixtures/make_tokenizer_cases), and what is
 * refused. */
#include "store/hf_encode.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static HfEncoder *encoder_of(const char *text, gsize length, GError **error)
{
    g_autoptr(HfModel) model = hf_model_read(text, length, error);
    return model ? hf_encoder_new(g_steal_pointer(&model)) : NULL;
}

static char *cases_folder(void)
{
    const char *folder = g_getenv("GALEN_TOKENIZER_CASES");
    return folder ? g_strdup(folder) : g_test_build_filename(G_TEST_DIST, "fixtures", "tokenizers", NULL);
}

static gboolean ids_equal(const GArray *ids, const json_t *expected)
{
    gboolean equal = ids->len == json_array_size(expected);
    for (guint i = 0; equal && i < ids->len; i++)
        equal = g_array_index(ids, guint32, i) == json_integer_value(json_array_get(expected, i));
    return equal;
}

static void check_case(const HfEncoder *encoder, const char *line, gsize length)
{
    g_autoptr(json_t) row = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
    const json_t *text = json_object_get(row, "text"), *back = json_object_get(row, "back");
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_autoptr(GString) decoded = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_assert_true(json_is_string(text));
    g_assert_true(hf_encode(encoder, json_string_value(text), json_string_length(text), ids, &error));
    if (!ids_equal(ids, json_object_get(row, "ids"))) {
        g_test_message("other ids than expected: %.*s", (int)MIN(length, 2000), line);
        for (guint i = 0; i < MIN(ids->len, 100); i++)
            g_test_message("%u: %u", i, g_array_index(ids, guint32, i));
        g_test_fail();
        return;
    }
    hf_decode(encoder, (guint32 *)(gpointer)ids->data, ids->len, decoded);
    g_assert_cmpmem(decoded->str, decoded->len, json_string_value(back), json_string_length(back));
}

static void test_shape(gconstpointer user)
{
    const char *name = user;
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = cases_folder(), *model = NULL, *cases = NULL;
    g_autofree char *model_path = g_strdup_printf("%s/%s.json", folder, name), *cases_path = g_strdup_printf("%s/%s.cases", folder, name);
    gsize model_length, cases_length, checked = 0;
    g_assert_true(g_file_get_contents(model_path, &model, &model_length, &error));
    g_assert_true(g_file_get_contents(cases_path, &cases, &cases_length, &error));
    HfEncoder *encoder = encoder_of(model, model_length, &error);
    g_assert_no_error(error);
    for (const char *line = cases, *end; (end = strchr(line, '\n')) && !g_test_failed(); line = end + 1) {
        check_case(encoder, line, (gsize)(end - line));
        checked++;
    }
    g_assert_cmpuint(checked, >=, g_test_failed() ? 0 : 150);
    hf_encoder_free(encoder);
}

/* ---- What is refused ------------------------------------------------------------------------------------------------------ */

/* A whole tokenizer of the 256 bytes and "ab", with one part of it replaced. */
static char *make_json(const char *part, const char *with)
{
    static const char *const parts[][2] = {
        {"type", "\"BPE\""}, {"byte_fallback", "false"}, {"merges", "[\"a b\"]"}, {"normalizer", "null"},
        {"pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": true}"},
        {"added_tokens", "[{\"id\": 257, \"content\": \"</s>\"}]"}, {"ab", "256"},
    };
    const char *values[G_N_ELEMENTS(parts)];
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        values[i] = part && strcmp(part, parts[i][0]) == 0 ? with : parts[i][1];
    g_autoptr(GString) vocabulary = g_string_new(NULL);
    gunichar next = 0x100;
    for (unsigned byte = 0; byte < 256; byte++) {
        gboolean itself = (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
        g_autofree char *key = g_strdup_printf("%s%s", byte == '"' || byte == '\\' ? "\\" : "", "");
        g_string_append_printf(vocabulary, "\"%s", key);
        g_string_append_unichar(vocabulary, itself ? byte : next++);
        g_string_append_printf(vocabulary, "\": %u, ", byte);
    }
    return g_strdup_printf("{\"model\": {\"type\": %s, \"byte_fallback\": %s, \"vocab\": {%s \"ab\": %s}, \"merges\": %s}, \"normalizer\": %s, "
                           "\"pre_tokenizer\": %s, \"added_tokens\": %s}",
                           values[0], values[1], vocabulary->str, values[6], values[2], values[3], values[4], values[5]);
}

static void test_a_whole_file_is_read(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = make_json(NULL, NULL);
    HfEncoder *encoder = encoder_of(json, strlen(json), &error);
    g_assert_no_error(error);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_assert_true(hf_encode(encoder, "cab</s>", 7, ids, &error));
    g_assert_cmpmem(ids->data, ids->len * sizeof(guint32), ((guint32[]){'c', 256, 257}), 12);
    g_assert_cmpuint(hf_encoder_model(encoder)->eos, ==, 257);
    g_assert_cmpuint(hf_encoder_model(encoder)->bos, ==, HF_NO_ID);
    hf_encoder_free(encoder);
}

static void test_what_would_change_ids_is_refused_by_name(void)
{
    static const char *const cases[][3] = {
        {"type", "\"WordPiece\"", "WordPiece"},
        {"byte_fallback", "true", "give the original .model file"},
        {"merges", "[\"a zz\"]", "is not in its vocabulary"},
        {"merges", "[\"ab\"]", "neither"},
        {"merges", "[7]", "neither"},
        {"normalizer", "{\"type\": \"Lowercase\"}", "Lowercase"},
        {"pre_tokenizer", "{\"type\": \"Metaspace\"}", "Metaspace"},
        {"pre_tokenizer", "{\"type\": \"Sequence\", \"pretokenizers\": []}", "has no ByteLevel"},
        {"pre_tokenizer", "{\"type\": \"Split\", \"pattern\": {\"Regex\": \"a\"}, \"behavior\": \"Removed\"}", "Isolated"},
        {"pre_tokenizer", "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", \"pattern\": {\"Regex\": \"(\"}, \"behavior\": \"Isolated\"}]}",
         "is not understood"},
        {"added_tokens", "[{\"id\": -1, \"content\": \"x\"}]", "id -1"},
        {"added_tokens", "[{\"id\": 99999999999, \"content\": \"x\"}]", "ids go from 0"},
        {"added_tokens", "[{\"content\": \"x\"}]", "no content or no id"},
        {"ab", "97", "have the id 97"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *json = make_json(cases[i][0], cases[i][1]);
        g_assert_null(encoder_of(json, strlen(json), &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_INPUT);
        g_assert_nonnull(strstr(error->message, cases[i][2]));
    }
}

static void test_merges_may_be_pairs(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *json = make_json("merges", "[[\"a\", \"b\"]]");
    HfEncoder *encoder = encoder_of(json, strlen(json), &error);
    g_assert_no_error(error);
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    g_assert_true(hf_encode(encoder, "ab", 2, ids, &error));
    g_assert_cmpmem(ids->data, ids->len * sizeof(guint32), ((guint32[]){256}), 4);
    hf_encoder_free(encoder);
}

int main(int argc, char **argv)
{
    static const char *const shapes[][2] = {
        {"gpt2", "/hf/GPT-2's shape gives the ids of tokenizers"},
        {"gpt2-prefix", "/hf/GPT-2's shape with a space in front gives the ids of tokenizers"},
        {"llama3", "/hf/Llama 3's shape gives the ids of tokenizers"},
        {"qwen2", "/hf/Qwen 2's shape gives the ids of tokenizers"},
        {"other", "/hf/an expression that is not known by heart gives the ids of tokenizers"},
    };
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++)
        g_test_add_data_func(shapes[i][1], shapes[i][0], test_shape);
    g_test_add_func("/hf/a whole file is read", test_a_whole_file_is_read);
    g_test_add_func("/hf/what would change ids is refused by name", test_what_would_change_ids_is_refused_by_name);
    g_test_add_func("/hf/merges may be pairs", test_merges_may_be_pairs);
    return g_test_run();
}
