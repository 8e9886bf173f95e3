/* SPDX-License-Identifier: Apache-2.0
 * The tokenizer inside a store; see store/tokenizer_store.h. */
#include "store/tokenizer_store.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

unsigned tokenizer_width(guint32 vocabulary)
{
    return vocabulary <= 65536 ? 2 : 4;
}

typedef struct MetaTexts {
    char *facts;
    char *special;
} MetaTexts;

static gboolean put_texts(StoreTxn *txn, gpointer user, GError **error)
{
    const MetaTexts *texts = user;
    return store_put_meta(txn, "tokenizer", texts->facts, error) &&
           store_put_meta(txn, "tokenizer.special", texts->special, error);
}

static char *facts_text(const Tokenizer *tokenizer)
{
    guint32 vocabulary = tokenizer_vocabulary(tokenizer), bos = tokenizer_bos(tokenizer);
    char hex[SHA256_HEX_SIZE];
    sha256_hex(tokenizer_digest(tokenizer), hex);
    g_autoptr(json_t) facts = json_object();
    json_object_set_new(facts, "vocabulary", json_integer(vocabulary));
    json_object_set_new(facts, "bos", bos == TOKENIZER_NO_ID ? json_null() : json_integer(bos));
    json_object_set_new(facts, "eos", json_integer(tokenizer_eos(tokenizer)));
    json_object_set_new(facts, "width", json_integer(tokenizer_width(vocabulary)));
    json_object_set_new(facts, "sha256", json_string(hex));
    return json_write(facts);
}

static char *special_text(const Tokenizer *tokenizer)
{
    g_autoptr(json_t) special = json_array();
    const char *text;
    for (unsigned i = 0; (text = tokenizer_special(tokenizer, i)); i++)
        json_array_append_new(special, json_text(text));
    return json_write(special);
}

gboolean tokenizer_to_store(Store *store, const Tokenizer *tokenizer, GError **error)
{
    g_autofree char *path = g_build_filename(store_directory(store), TOKENIZER_FILE, NULL);
    gsize length;
    const char *bytes = tokenizer_model(tokenizer, &length);
    g_autofree char *facts = facts_text(tokenizer);
    g_autofree char *special = special_text(tokenizer);
    MetaTexts texts = {facts, special};
    if (file_replace(path, bytes, length, error) && store_write(store, put_texts, &texts, error))
        return TRUE;
    g_prefix_error(error, "while keeping the tokenizer in the store: ");
    return FALSE;
}

static gboolean parse_facts(const json_t *object, TokenizerFacts *facts)
{
    const json_t *bos = json_object_get(object, "bos");
    const char *hex = json_get_string(object, "sha256");
    json_int_t vocabulary = json_integer_value(json_object_get(object, "vocabulary"));
    json_int_t eos = json_integer_value(json_object_get(object, "eos"));
    json_int_t width = json_integer_value(json_object_get(object, "width"));
    if (vocabulary <= 0 || vocabulary >= G_MAXUINT32 || eos < 0 || eos >= vocabulary || !hex)
        return FALSE;
    facts->vocabulary = (guint32)vocabulary;
    facts->eos = (guint32)eos;
    facts->bos = json_is_integer(bos) ? (guint32)json_integer_value(bos) : TOKENIZER_NO_ID;
    facts->width = tokenizer_width(facts->vocabulary);
    return width == facts->width && sha256_from_hex(hex, &facts->digest);
}

gboolean tokenizer_facts(StoreTxn *txn, TokenizerFacts *facts, GError **error)
{
    g_autofree char *text = store_get_meta(txn, "tokenizer", error);
    if (!text)
        return FALSE;
    g_autoptr(json_t) object = json_parse(text, strlen(text), "the store's record \"tokenizer\"", error);
    if (!object)
        return FALSE;
    if (parse_facts(object, facts))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "the store's record \"tokenizer\" makes no sense: %s; run the build again", text);
    return FALSE;
}

/* The special tokens as a NULL-terminated vector. */
static char **read_special(StoreTxn *txn, GError **error)
{
    g_autofree char *text = store_get_meta(txn, "tokenizer.special", error);
    if (!text) {
        if (!*error)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has no record \"tokenizer.special\"");
        return NULL;
    }
    g_autoptr(json_t) array = json_parse(text, strlen(text), "the store's record \"tokenizer.special\"", error);
    if (!array)
        return NULL;
    g_autoptr(GPtrArray) special = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < json_array_size(array); i++) {
        const char *token = json_string_value(json_array_get(array, i));
        g_ptr_array_add(special, g_strdup(token ? token : ""));
    }
    g_ptr_array_add(special, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&special), FALSE);
}

static char **read_records(Store *store, TokenizerFacts *facts, GError **error)
{
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    if (!tokenizer_facts(txn, facts, error)) {
        if (!*error)
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "%s has no tokenizer yet; run galen build or galen pack first", store_directory(store));
        return NULL;
    }
    return read_special(txn, error);
}

Tokenizer *tokenizer_from_store(Store *store, GError **error)
{
    GError *cause = NULL;
    TokenizerFacts facts;
    g_auto(GStrv) special = read_records(store, &facts, &cause);
    if (!special) {
        g_propagate_error(error, cause);
        return NULL;
    }
    g_autofree char *path = g_build_filename(store_directory(store), TOKENIZER_FILE, NULL);
    g_autoptr(Tokenizer) tokenizer =
        tokenizer_load(path, (const char *const *)special, g_strv_length(special), error);
    if (!tokenizer)
        return NULL;
    if (memcmp(tokenizer_digest(tokenizer)->bytes, facts.digest.bytes, sizeof facts.digest.bytes) != 0) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s is not the model that this store was tokenised with; put the original back or build again", path);
        return NULL;
    }
    return g_steal_pointer(&tokenizer);
}
