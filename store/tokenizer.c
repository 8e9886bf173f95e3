/* SPDX-License-Identifier: Apache-2.0
 * Special tokens split out of the text, and the rest through the model; see store/tokenizer.h.
 *
 * Byte-pair models are Galen's own affair (store/spm_encode.h, store/hf_encode.h). Models of SentencePiece's other
 * algorithms, which no Llama has, go through its library. */
#include "store/tokenizer.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "store/hf_encode.h"
#include "store/sentencepiece.h"
#include "store/spm_encode.h"
#include "store/utf8_valid.h"

#define MODEL_LIMIT ((gsize)256 << 20)
#define SPECIAL_COUNT_LIMIT 1024u
#define SPECIAL_LENGTH_LIMIT ((gsize)256)

typedef struct Special {
    char *text;
    gsize length;
    guint32 id;
} Special;

struct Tokenizer {
    SpmEncoder *spm;             /* one of these three */
    HfEncoder *hf;
    SentencePieceModel *library;
    char *bytes; /* of the model file */
    gsize bytes_length;
    guint32 pieces;
    guint32 bos, eos;
    Sha256 digest;
    Special *special; /* by id */
    Special *longest; /* the same, longest first: of two that match at one place the longer wins */
    unsigned special_count;
    guint8 starts[256]; /* 1 for the first bytes of special tokens */
};

void tokenizer_free(Tokenizer *tokenizer)
{
    if (!tokenizer)
        return;
    for (unsigned i = 0; i < tokenizer->special_count; i++)
        g_free(tokenizer->special[i].text);
    g_free(tokenizer->special);
    g_free(tokenizer->longest);
    spm_encoder_free(tokenizer->spm);
    hf_encoder_free(tokenizer->hf);
    sentencepiece_free(tokenizer->library);
    g_free(tokenizer->bytes);
    g_free(tokenizer);
}

static gboolean no_model(const char *path, const char *reason, GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s is not a tokenizer that Galen knows (%s); give the .model file that spm_train wrote, such as Llama 2's "
                "tokenizer.model, or a byte-level tokenizer.json, such as Llama 3's", path, reason);
    return FALSE;
}

static gboolean load_library(Tokenizer *tokenizer, const char *path, GError **error)
{
    g_autofree char *failure = NULL;
    tokenizer->library = sentencepiece_load(tokenizer->bytes, tokenizer->bytes_length, &failure);
    return tokenizer->library || no_model(path, failure, error);
}

static void set_ids(Tokenizer *tokenizer, guint32 pieces, guint32 bos, guint32 eos)
{
    tokenizer->pieces = pieces;
    tokenizer->bos = bos;
    tokenizer->eos = eos;
}

/* Gives the model to the engine for its algorithm. */
static gboolean load_spm(Tokenizer *tokenizer, const char *path, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(SpmModel) model = spm_model_read(tokenizer->bytes, tokenizer->bytes_length, &reason);
    if (!model)
        return no_model(path, reason->message, error);
    set_ids(tokenizer, model->count, model->bos, model->eos);
    if (model->algorithm != SPM_BPE)
        return load_library(tokenizer, path, error);
    tokenizer->spm = spm_encoder_new(g_steal_pointer(&model), &reason);
    return tokenizer->spm || no_model(path, reason->message, error);
}

static gboolean load_hf(Tokenizer *tokenizer, const char *path, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(HfModel) model = hf_model_read(tokenizer->bytes, tokenizer->bytes_length, &reason);
    if (!model)
        return no_model(path, reason->message, error);
    set_ids(tokenizer, model->count, model->bos, model->eos);
    tokenizer->hf = hf_encoder_new(g_steal_pointer(&model));
    return TRUE;
}

static gboolean load_model(Tokenizer *tokenizer, const char *path, GError **error)
{
    if (!file_read(path, MODEL_LIMIT, &tokenizer->bytes, &tokenizer->bytes_length, error)) {
        g_prefix_error(error, "while reading the tokenizer model: ");
        return FALSE;
    }
    gboolean json = hf_model_is_json(tokenizer->bytes, tokenizer->bytes_length);
    if (!(json ? load_hf(tokenizer, path, error) : load_spm(tokenizer, path, error)))
        return FALSE;
    if (tokenizer->eos != TOKENIZER_NO_ID)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                "%s has no end-of-sequence piece, which separates documents; %s", path,
                json ? "give it an added token of a known name: <|end_of_text|>, <|endoftext|>, </s>, <|eos|> or <eos>"
                     : "train the model with --eos_id");
    return FALSE;
}

static gboolean check_special(const char *const *special, unsigned count, GError **error)
{
    if (count > SPECIAL_COUNT_LIMIT) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%u special tokens; at most %u are allowed", count,
                    SPECIAL_COUNT_LIMIT);
        return FALSE;
    }
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (unsigned i = 0; i < count; i++) {
        gsize length = strlen(special[i]);
        const char *wrong = length == 0                                    ? "is empty"
                            : length > SPECIAL_LENGTH_LIMIT                ? "is longer than 256 bytes"
                            : !g_utf8_validate(special[i], -1, NULL)       ? "is not valid UTF-8"
                            : !g_hash_table_add(seen, (gpointer)special[i]) ? "is listed twice"
                                                                           : NULL;
        if (wrong) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "special token %u, \"%.64s\", %s", i + 1, special[i], wrong);
            return FALSE;
        }
    }
    return TRUE;
}

static int compare_longest_first(const void *left, const void *right)
{
    const Special *a = left, *b = right;
    if (a->length != b->length)
        return a->length > b->length ? -1 : 1;
    return strcmp(a->text, b->text);
}

static void set_special(Tokenizer *tokenizer, const char *const *special, unsigned count)
{
    tokenizer->special = g_new0(Special, count);
    tokenizer->special_count = count;
    for (unsigned i = 0; i < count; i++) {
        tokenizer->special[i] = (Special){g_strdup(special[i]), strlen(special[i]), tokenizer->pieces + i};
        tokenizer->starts[(guint8)special[i][0]] = 1;
    }
    tokenizer->longest = g_memdup2(tokenizer->special, count * sizeof *tokenizer->special);
    if (count > 1)
        qsort(tokenizer->longest, count, sizeof *tokenizer->longest, compare_longest_first);
}

static Sha256 compute_digest(const Tokenizer *tokenizer)
{
    g_autoptr(Sha256Context) context = sha256_new();
    Sha256 model = sha256(tokenizer->bytes, tokenizer->bytes_length);
    sha256_update(context, model.bytes, sizeof model.bytes);
    for (unsigned i = 0; i < tokenizer->special_count; i++) /* with the NUL, which keeps "a","bc" apart from "ab","c" */
        sha256_update(context, tokenizer->special[i].text, tokenizer->special[i].length + 1);
    return sha256_finish(context);
}

Tokenizer *tokenizer_load(const char *model_path, const char *const *special, unsigned special_count, GError **error)
{
    g_autoptr(Tokenizer) tokenizer = g_new0(Tokenizer, 1);
    if (!check_special(special, special_count, error) || !load_model(tokenizer, model_path, error))
        return NULL;
    set_special(tokenizer, special, special_count);
    tokenizer->digest = compute_digest(tokenizer);
    return g_steal_pointer(&tokenizer);
}

guint32 tokenizer_vocabulary(const Tokenizer *tokenizer)
{
    return tokenizer->pieces + tokenizer->special_count;
}

guint32 tokenizer_bos(const Tokenizer *tokenizer)
{
    return tokenizer->bos;
}

guint32 tokenizer_eos(const Tokenizer *tokenizer)
{
    return tokenizer->eos;
}

const Sha256 *tokenizer_digest(const Tokenizer *tokenizer)
{
    return &tokenizer->digest;
}

const char *tokenizer_model(const Tokenizer *tokenizer, gsize *length)
{
    *length = tokenizer->bytes_length;
    return tokenizer->bytes;
}

const char *tokenizer_special(const Tokenizer *tokenizer, unsigned index)
{
    return index < tokenizer->special_count ? tokenizer->special[index].text : NULL;
}

guint32 tokenizer_special_id(const Tokenizer *tokenizer, unsigned index)
{
    return index < tokenizer->special_count ? tokenizer->special[index].id : TOKENIZER_NO_ID;
}

static const Special *special_at(const Tokenizer *tokenizer, const char *text, gsize left)
{
    for (unsigned i = 0; i < tokenizer->special_count; i++) {
        const Special *special = &tokenizer->longest[i];
        if (special->length <= left && memcmp(special->text, text, special->length) == 0)
            return special;
    }
    return NULL;
}

static gboolean encode_by_library(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    g_autofree char *failure = NULL;
    if (sentencepiece_encode(tokenizer->library, text, length, ids, &failure))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "SentencePiece could not encode %" G_GSIZE_FORMAT " bytes: %s",
                length, failure);
    return FALSE;
}

static gboolean encode_by_hf(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    if (g_utf8_validate_len(text, length, NULL))
        return hf_encode(tokenizer->hf, text, length, ids, error);
    g_autoptr(GString) valid = g_string_sized_new(length);
    utf8_append_valid(valid, text, length);
    return hf_encode(tokenizer->hf, valid->str, valid->len, ids, error);
}

static gboolean encode_plain(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    if (length == 0)
        return TRUE;
    if (tokenizer->library)
        return encode_by_library(tokenizer, text, length, ids, error);
    if (tokenizer->hf)
        return encode_by_hf(tokenizer, text, length, ids, error);
    spm_encode(tokenizer->spm, text, length, ids);
    return TRUE;
}

gboolean tokenizer_encode(const Tokenizer *tokenizer, const char *text, gsize length, GArray *ids, GError **error)
{
    gsize begin = 0;
    for (gsize i = 0; i < length;) {
        const Special *special = tokenizer->starts[(guint8)text[i]] ? special_at(tokenizer, text + i, length - i) : NULL;
        if (!special) {
            i++;
            continue;
        }
        if (!encode_plain(tokenizer, text + begin, i - begin, ids, error))
            return FALSE;
        g_array_append_val(ids, special->id);
        begin = i += special->length;
    }
    return encode_plain(tokenizer, text + begin, length - begin, ids, error);
}

static gboolean decode_plain(const Tokenizer *tokenizer, const guint32 *ids, gsize count, GString *text, GError **error)
{
    if (count == 0)
        return TRUE;
    if (tokenizer->spm)
        spm_decode(tokenizer->spm, ids, count, text);
    if (tokenizer->hf)
        hf_decode(tokenizer->hf, ids, count, text);
    if (!tokenizer->library)
        return TRUE;
    g_autofree char *failure = NULL;
    if (sentencepiece_decode(tokenizer->library, ids, count, text, &failure))
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "SentencePiece could not decode %" G_GSIZE_FORMAT " ids: %s", count,
                failure);
    return FALSE;
}

char *tokenizer_decode(const Tokenizer *tokenizer, const guint32 *ids, gsize count, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    gsize begin = 0;
    for (gsize i = 0; i < count; i++) {
        if (ids[i] < tokenizer->pieces)
            continue;
        if (ids[i] >= tokenizer_vocabulary(tokenizer)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                        "token %" G_GSIZE_FORMAT " has id %u, but the vocabulary ends at %u", i, ids[i],
                        tokenizer_vocabulary(tokenizer));
            return NULL;
        }
        if (!decode_plain(tokenizer, ids + begin, i - begin, text, error))
            return NULL;
        g_string_append(text, tokenizer->special[ids[i] - tokenizer->pieces].text);
        begin = i + 1;
    }
    if (!decode_plain(tokenizer, ids + begin, count - begin, text, error))
        return NULL;
    return g_string_free(g_steal_pointer(&text), FALSE);
}
