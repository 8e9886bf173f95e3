/* SPDX-License-Identifier: Apache-2.0
 * tokenizer.json to tables; see store/hf_model.h. */
#include "store/hf_model.h"

#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"

#define TOKEN_LIMIT ((gsize)65536) /* bytes of one token */

typedef struct Reading {
    HfModel *model;
    GHashTable *ids;         /* token as the file writes it -> id + 1 */
    gint16 byte_of[0x200];   /* of the characters that stand for bytes; -1: the others */
    GError **error;
} Reading;

static gboolean refuse(const Reading *reading, const char *format, ...) G_GNUC_PRINTF(2, 3);
static gboolean refuse(const Reading *reading, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(reading->error, GALEN_ERROR, GALEN_ERROR_INPUT, reason);
    return FALSE;
}

/* ---- Bytes as characters ----------------------------------------------------------------------------------------------- */

static gboolean stands_for_itself(unsigned byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

static void map_bytes(Reading *reading)
{
    unsigned next = 0x100;
    memset(reading->byte_of, -1, sizeof reading->byte_of);
    for (unsigned byte = 0; byte < 256; byte++)
        reading->byte_of[stands_for_itself(byte) ? byte : next++] = (gint16)byte;
}

/* The bytes of a token; NULL when one of its characters stands for none. */
static char *token_bytes(const Reading *reading, const char *text, guint32 *length)
{
    g_autofree char *bytes = g_malloc(strlen(text) + 1);
    gsize count = 0;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character >= G_N_ELEMENTS(reading->byte_of) || reading->byte_of[character] < 0)
            return NULL;
        bytes[count++] = (char)reading->byte_of[character];
    }
    *length = (guint32)count;
    return g_steal_pointer(&bytes);
}

/* ---- The vocabulary ------------------------------------------------------------------------------------------------------- */

static gboolean grow(Reading *reading, json_int_t id)
{
    HfModel *model = reading->model;
    if (id < 0 || id >= HF_IDS_LIMIT)
        return refuse(reading, "it has a token of id %" JSON_INTEGER_FORMAT ", and ids go from 0 to %u", id, HF_IDS_LIMIT - 1);
    if (id < model->count)
        return TRUE;
    model->tokens = g_renew(HfToken, model->tokens, (gsize)id + 1);
    memset(model->tokens + model->count, 0, ((gsize)id + 1 - model->count) * sizeof *model->tokens);
    model->count = (guint32)id + 1;
    return TRUE;
}

static gboolean read_token(Reading *reading, const char *text, const json_t *value)
{
    json_int_t id = json_is_integer(value) ? json_integer_value(value) : -1;
    if (!grow(reading, id))
        return FALSE;
    HfToken *token = &reading->model->tokens[id];
    if (token->bytes || strlen(text) > TOKEN_LIMIT)
        return refuse(reading, token->bytes ? "two of its tokens have the id %" JSON_INTEGER_FORMAT
                                            : "its token %" JSON_INTEGER_FORMAT " is longer than 65536 bytes", id);
    token->bytes = token_bytes(reading, text, &token->length);
    if (!token->bytes) { /* an added token may be in the vocabulary as well */
        token->bytes = g_strdup(text);
        token->length = (guint32)strlen(text);
        token->added = TRUE;
    }
    g_hash_table_insert(reading->ids, (gpointer)text, GUINT_TO_POINTER((guint32)id + 1));
    if (!token->added && token->length == 1)
        reading->model->byte_ids[(guint8)token->bytes[0]] = (guint32)id;
    return TRUE;
}

static gboolean read_vocabulary(Reading *reading, json_t *model)
{
    json_t *vocabulary = json_object_get(model, "vocab"), *value;
    const char *text;
    if (!json_is_object(vocabulary))
        return refuse(reading, "its model has no vocabulary");
    json_object_foreach(vocabulary, text, value)
        if (!read_token(reading, text, value))
            return FALSE;
    for (unsigned byte = 0; byte < 256; byte++)
        if (reading->model->byte_ids[byte] == HF_NO_ID)
            return refuse(reading, "it has no token for the byte 0x%02x, so it is not byte-level", byte);
    return TRUE;
}

static guint32 id_of(const Reading *reading, const char *text)
{
    gpointer id = g_hash_table_lookup(reading->ids, text);
    return id ? GPOINTER_TO_UINT(id) - 1 : HF_NO_ID;
}

/* A merge is "left right" or ["left", "right"]. */
static gboolean split_merge(const json_t *merge, char **left, char **right)
{
    const char *both = json_string_value(merge), *space = both ? strchr(both, ' ') : NULL;
    const char *first = json_string_value(json_array_get(merge, 0)), *second = json_string_value(json_array_get(merge, 1));
    if (space) {
        *left = g_strndup(both, (gsize)(space - both));
        *right = g_strdup(space + 1);
    } else if (first && second && json_array_size(merge) == 2) {
        *left = g_strdup(first);
        *right = g_strdup(second);
    }
    return *left != NULL;
}

static gboolean read_merges(Reading *reading, const json_t *model)
{
    const json_t *merges = json_object_get(model, "merges");
    for (gsize i = 0; i < json_array_size(merges); i++) {
        g_autofree char *left = NULL, *right = NULL, *merged = NULL;
        if (!split_merge(json_array_get(merges, i), &left, &right))
            return refuse(reading, "its merge %" G_GSIZE_FORMAT " is neither \"a b\" nor [\"a\", \"b\"]", i);
        merged = g_strconcat(left, right, NULL);
        HfMerge merge = {id_of(reading, left), id_of(reading, right), id_of(reading, merged)};
        if (merge.left == HF_NO_ID || merge.right == HF_NO_ID || merge.merged == HF_NO_ID)
            return refuse(reading, "its merge %" G_GSIZE_FORMAT ", of \"%.60s\" and \"%.60s\", is not in its vocabulary", i, left, right);
        g_array_append_val(reading->model->merges, merge);
    }
    return TRUE;
}

static gboolean has_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text && *text;
}

static gboolean read_model(Reading *reading, json_t *model)
{
    const char *type = json_string_value(json_object_get(model, "type"));
    if (!json_is_object(model) || (type && strcmp(type, "BPE") != 0))
        return refuse(reading, "its model is of type \"%.40s\", and only BPE is known", type ? type : "none");
    if (json_is_true(json_object_get(model, "byte_fallback")))
        return refuse(reading, "it is a converted SentencePiece model (byte_fallback); give the original .model file");
    if (has_text(model, "continuing_subword_prefix") || has_text(model, "end_of_word_suffix"))
        return refuse(reading, "its model marks the parts of words, which is not known here");
    if (json_is_number(json_object_get(model, "dropout")) && json_number_value(json_object_get(model, "dropout")) > 0)
        return refuse(reading, "its model asks for dropout, which draws ids at random");
    reading->model->ignore_merges = json_is_true(json_object_get(model, "ignore_merges"));
    return read_vocabulary(reading, model) && read_merges(reading, model);
}

/* ---- Added tokens -------------------------------------------------------------------------------------------------------------- */

static gboolean is_set(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static gboolean read_added(Reading *reading, const json_t *root)
{
    const json_t *list = json_object_get(root, "added_tokens");
    for (gsize i = 0; i < json_array_size(list); i++) {
        const json_t *entry = json_array_get(list, i);
        const char *text = json_string_value(json_object_get(entry, "content"));
        const json_t *id = json_object_get(entry, "id");
        if (!text || !*text || !json_is_integer(id) || strlen(text) > TOKEN_LIMIT)
            return refuse(reading, "its added token %" G_GSIZE_FORMAT " has no content or no id", i);
        if (!grow(reading, json_integer_value(id)))
            return FALSE;
        HfToken *token = &reading->model->tokens[json_integer_value(id)];
        g_free(token->bytes);
        *token = (HfToken){g_strdup(text), (guint32)strlen(text), TRUE};
        HfAdded added = {g_strdup(text), strlen(text), (guint32)json_integer_value(id), is_set(entry, "single_word"), is_set(entry, "lstrip"),
                         is_set(entry, "rstrip"), is_set(entry, "normalized")};
        g_array_append_val(reading->model->added, added);
    }
    return TRUE;
}

/* The file does not say which token ends a text. These are the names in use. */
static void find_ends(HfModel *model)
{
    static const char *const bos[] = {"<|begin_of_text|>", "<s>", "<|bos|>", "<bos>"};
    static const char *const eos[] = {"<|end_of_text|>", "<|endoftext|>", "</s>", "<|eos|>", "<eos>"};
    for (gsize name = G_N_ELEMENTS(eos); name-- > 0;)
        for (guint i = 0; i < model->added->len; i++) {
            const HfAdded *added = &g_array_index(model->added, HfAdded, i);
            if (strcmp(added->text, eos[name]) == 0)
                model->eos = added->id;
            if (name < G_N_ELEMENTS(bos) && strcmp(added->text, bos[name]) == 0)
                model->bos = added->id;
        }
}

/* ---- Normalizers and pre-tokenizers ------------------------------------------------------------------------------------------------ */

static const char *type_of(const json_t *part)
{
    const char *type = json_string_value(json_object_get(part, "type"));
    return type ? type : "none";
}

static gboolean read_normalizer(Reading *reading, const json_t *part, unsigned depth)
{
    static const struct {
        const char *name;
        GNormalizeMode mode;
    } modes[] = {{"NFC", G_NORMALIZE_NFC}, {"NFD", G_NORMALIZE_NFD}, {"NFKC", G_NORMALIZE_NFKC}, {"NFKD", G_NORMALIZE_NFKD}};
    if (!part || json_is_null(part))
        return TRUE;
    const json_t *row = json_object_get(part, "normalizers");
    if (strcmp(type_of(part), "Sequence") == 0 && depth < 4) {
        for (gsize i = 0; i < json_array_size(row); i++)
            if (!read_normalizer(reading, json_array_get(row, i), depth + 1))
                return FALSE;
        return TRUE;
    }
    for (gsize i = 0; i < G_N_ELEMENTS(modes); i++)
        if (strcmp(type_of(part), modes[i].name) == 0) {
            g_array_append_val(reading->model->normalizers, modes[i].mode);
            return TRUE;
        }
    return refuse(reading, "its normalizer \"%.40s\" is not known", type_of(part));
}

static gboolean read_split(Reading *reading, const json_t *part)
{
    const json_t *pattern = json_object_get(part, "pattern");
    const char *behavior = json_string_value(json_object_get(part, "behavior"));
    const char *regex = json_string_value(json_object_get(pattern, "Regex")), *text = json_string_value(json_object_get(pattern, "String"));
    if (!behavior || strcmp(behavior, "Isolated") != 0 || is_set(part, "invert") || (!regex && !text))
        return refuse(reading, "its pre-tokenizer Split is not of the behaviour \"Isolated\" by a pattern");
    g_autofree char *escaped = regex ? g_strdup(regex) : g_regex_escape_string(text, -1);
    return pretokeniser_add_regex(reading->model->words, escaped, reading->error);
}

static gboolean read_byte_level(Reading *reading, const json_t *part)
{
    const json_t *regex = json_object_get(part, "use_regex");
    reading->model->prefix_space |= is_set(part, "add_prefix_space");
    return json_is_false(regex) || pretokeniser_add_regex(reading->model->words, pretokenise_gpt2, reading->error);
}

static gboolean read_pretokenizer(Reading *reading, const json_t *part, gboolean *byte_level, unsigned depth)
{
    const json_t *row = json_object_get(part, "pretokenizers");
    if (*byte_level)
        return refuse(reading, "its pre-tokenizer ByteLevel is not the last");
    if (strcmp(type_of(part), "Sequence") == 0 && depth < 4) {
        for (gsize i = 0; i < json_array_size(row); i++)
            if (!read_pretokenizer(reading, json_array_get(row, i), byte_level, depth + 1))
                return FALSE;
        return TRUE;
    }
    if (strcmp(type_of(part), "Split") == 0)
        return read_split(reading, part);
    if (strcmp(type_of(part), "Digits") == 0 && is_set(part, "individual_digits")) {
        pretokeniser_add_digits(reading->model->words);
        return TRUE;
    }
    if (strcmp(type_of(part), "ByteLevel") != 0)
        return refuse(reading, "its pre-tokenizer \"%.40s\" is not known", type_of(part));
    *byte_level = TRUE;
    return read_byte_level(reading, part);
}

/* ---- The file ------------------------------------------------------------------------------------------------------------------------ */

gboolean hf_model_is_json(const char *bytes, gsize length)
{
    gsize at = 0;
    while (at < length && g_ascii_isspace(bytes[at]))
        at++;
    return at < length && bytes[at] == '{';
}

static void added_clear(gpointer data)
{
    g_free(((HfAdded *)data)->text);
}

static HfModel *model_new(void)
{
    HfModel *model = g_new0(HfModel, 1);
    model->merges = g_array_new(FALSE, FALSE, sizeof(HfMerge));
    model->added = g_array_new(FALSE, FALSE, sizeof(HfAdded));
    g_array_set_clear_func(model->added, added_clear);
    model->normalizers = g_array_new(FALSE, FALSE, sizeof(GNormalizeMode));
    model->words = pretokeniser_new();
    memset(model->byte_ids, 0xff, sizeof model->byte_ids);
    model->bos = model->eos = HF_NO_ID;
    return model;
}

void hf_model_free(HfModel *model)
{
    if (!model)
        return;
    for (guint32 id = 0; id < model->count; id++)
        g_free(model->tokens[id].bytes);
    g_free(model->tokens);
    g_array_unref(model->merges);
    g_array_unref(model->added);
    g_array_unref(model->normalizers);
    pretokeniser_free(model->words);
    g_free(model);
}

static gboolean read_root(Reading *reading, const json_t *root)
{
    gboolean byte_level = FALSE;
    const json_t *pretokenizer = json_object_get(root, "pre_tokenizer");
    if (!read_model(reading, json_object_get(root, "model")) || !read_added(reading, root) ||
        !read_normalizer(reading, json_object_get(root, "normalizer"), 0) || !read_pretokenizer(reading, pretokenizer, &byte_level, 0))
        return FALSE;
    if (!byte_level)
        return refuse(reading, "its pre-tokenizer has no ByteLevel");
    find_ends(reading->model);
    return TRUE;
}

HfModel *hf_model_read(const char *bytes, gsize length, GError **error)
{
    g_autoptr(json_t) root = json_parse(bytes, length, "it", error);
    if (!root)
        return NULL;
    g_autoptr(HfModel) model = model_new();
    g_autoptr(GHashTable) ids = g_hash_table_new(g_str_hash, g_str_equal);
    Reading reading = {.model = model, .ids = ids, .error = error};
    map_bytes(&reading);
    return read_root(&reading, root) ? g_steal_pointer(&model) : NULL;
}
