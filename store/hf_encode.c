/* SPDX-License-Identifier: Apache-2.0
 * Added tokens, words, merges; see store/hf_encode.h. */
#include "store/hf_encode.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>

#include "store/bpe.h"
#include "store/token_index.h"
#include "store/word_cache.h"

/* Added tokens of one kind: those looked for in the text as it is, or in the normalised text. */
typedef struct AddedSet {
    HfAdded *added; /* borrowed texts; by first byte, then longest first */
    guint32 count;
    guint32 starts[257];
    int only_first; /* the first byte of all of them; -1: they have several */
} AddedSet;

struct HfEncoder {
    HfModel *model;
    BpeTable *merges;
    TokenIndex *whole; /* where whole words are looked up; else NULL */
    AddedSet raw, normalised;
    guint64 number; /* tells its words from those of other encoders */
};

/* ---- Building ------------------------------------------------------------------------------------------------------------- */

static int compare_added(const void *left, const void *right)
{
    const HfAdded *a = left, *b = right;
    if (a->text[0] != b->text[0])
        return (guint8)a->text[0] < (guint8)b->text[0] ? -1 : 1;
    return a->length != b->length ? (a->length > b->length ? -1 : 1) : memcmp(a->text, b->text, a->length);
}

static void added_set_fill(AddedSet *set, const GArray *added, gboolean normalised)
{
    set->added = g_new(HfAdded, added->len);
    for (guint i = 0; i < added->len; i++)
        if (g_array_index(added, HfAdded, i).normalized == normalised)
            set->added[set->count++] = g_array_index(added, HfAdded, i);
    if (set->count > 1)
        qsort(set->added, set->count, sizeof *set->added, compare_added);
    for (guint32 i = 0; i < set->count; i++)
        set->starts[(guint8)set->added[i].text[0] + 1]++;
    for (unsigned byte = 0; byte < 256; byte++)
        set->starts[byte + 1] += set->starts[byte];
    gboolean one = set->count > 0 && set->added[0].text[0] == set->added[set->count - 1].text[0];
    set->only_first = one ? (guint8)set->added[0].text[0] : -1;
}

static void index_whole_words(HfEncoder *encoder)
{
    const HfModel *model = encoder->model;
    encoder->whole = token_index_new(model->count);
    for (guint32 id = 0; id < model->count; id++)
        if (model->tokens[id].bytes && !model->tokens[id].added)
            token_index_add(encoder->whole, model->tokens[id].bytes, model->tokens[id].length, id);
}

HfEncoder *hf_encoder_new(HfModel *model)
{
    HfEncoder *encoder = g_new0(HfEncoder, 1);
    encoder->model = model;
    encoder->number = word_cache_owner();
    encoder->merges = bpe_table_new(model->merges->len);
    for (guint32 i = 0; i < model->merges->len; i++) {
        const HfMerge *merge = &g_array_index(model->merges, HfMerge, i);
        bpe_table_add(encoder->merges, merge->left, merge->right, merge->merged, i);
    }
    if (model->ignore_merges)
        index_whole_words(encoder);
    added_set_fill(&encoder->raw, model->added, FALSE);
    added_set_fill(&encoder->normalised, model->added, TRUE);
    return encoder;
}

void hf_encoder_free(HfEncoder *encoder)
{
    if (!encoder)
        return;
    token_index_free(encoder->whole);
    bpe_table_free(encoder->merges);
    g_free(encoder->raw.added);
    g_free(encoder->normalised.added);
    hf_model_free(encoder->model);
    g_free(encoder);
}

const HfModel *hf_encoder_model(const HfEncoder *encoder)
{
    return encoder->model;
}

/* ---- Words -------------------------------------------------------------------------------------------------------------------- */

typedef struct Encoding {
    const HfEncoder *encoder;
    WordBatch words;
    GArray *symbols;
    GArray *ids;
    BpeWork work;
} Encoding;

static void merge_word(gpointer user, const char *word, gsize length)
{
    Encoding *encoding = user;
    const HfEncoder *encoder = encoding->encoder;
    guint32 whole = encoder->whole ? token_index_find(encoder->whole, word, length) : TOKEN_INDEX_NONE;
    if (whole != TOKEN_INDEX_NONE) {
        g_array_append_val(encoding->ids, whole);
        return;
    }
    g_array_set_size(encoding->symbols, (guint)length);
    guint32 *symbols = (guint32 *)(gpointer)encoding->symbols->data;
    for (gsize i = 0; i < length; i++)
        symbols[i] = encoder->model->byte_ids[(guint8)word[i]];
    g_array_append_vals(encoding->ids, symbols, (guint)bpe_merge(encoder->merges, &encoding->work, symbols, length));
}

static void take_word(gpointer user, const char *word, gsize length)
{
    word_batch_add(user, word, length);
}

static gboolean cut_and_encode(Encoding *encoding, const char *text, gsize length, GError **error)
{
    gboolean good = pretokenise(encoding->encoder->model->words, text, length, take_word, &encoding->words, error);
    word_batch_flush(&encoding->words);
    return good;
}

static gboolean encode_words(Encoding *encoding, const char *text, gsize length, GError **error)
{
    const HfModel *model = encoding->encoder->model;
    if (length == 0 || !model->prefix_space || text[0] == ' ')
        return cut_and_encode(encoding, text, length, error);
    g_autoptr(GString) prefixed = g_string_new(" ");
    g_string_append_len(prefixed, text, (gssize)length);
    return cut_and_encode(encoding, prefixed->str, prefixed->len, error);
}

/* ---- Added tokens ------------------------------------------------------------------------------------------------------------------ */

static const HfAdded *added_at(const AddedSet *set, const char *text, gsize left)
{
    guint8 first = (guint8)text[0];
    for (guint32 i = set->starts[first]; i < set->starts[first + 1]; i++)
        if (set->added[i].length <= left && memcmp(set->added[i].text, text, set->added[i].length) == 0)
            return &set->added[i];
    return NULL;
}

/* The next place from `at` on where an added token could begin; `length` where there is none. */
static gsize next_start(const AddedSet *set, const char *text, gsize length, gsize at)
{
    if (set->only_first >= 0) {
        const char *found = memchr(text + at, set->only_first, length - at);
        return found ? (gsize)(found - text) : length;
    }
    while (at < length && set->starts[(guint8)text[at]] == set->starts[(guint8)text[at] + 1])
        at++;
    return at;
}

/* \w as the regular expressions of tokenizers have it (Unicode Technical Standard 18, annex C). */
static gboolean is_word_character(gunichar character)
{
    const uint32_t word = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
    UChar32 point = (UChar32)character;
    return (U_GET_GC_MASK(point) & word) != 0 || u_hasBinaryProperty(point, UCHAR_ALPHABETIC) || u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}

static gboolean is_space(const char *at)
{
    return u_isUWhiteSpace((UChar32)g_utf8_get_char(at));
}

/* Whether a word stands before or behind the part from `begin` to `end`. */
static gboolean inside_a_word(const char *text, gsize length, gsize begin, gsize end)
{
    return (begin > 0 && is_word_character(g_utf8_get_char(g_utf8_find_prev_char(text, text + begin)))) ||
           (end < length && is_word_character(g_utf8_get_char(text + end)));
}

static gsize strip_left(const char *text, gsize from, gsize begin)
{
    while (begin > from) {
        const char *before = g_utf8_find_prev_char(text + from, text + begin);
        if (!before || !is_space(before))
            break;
        begin = (gsize)(before - text);
    }
    return begin;
}

static gsize strip_right(const char *text, gsize length, gsize end)
{
    while (end < length && is_space(text + end))
        end += (gsize)g_utf8_skip[(guint8)text[end]];
    return end;
}

typedef gboolean (*EncodeRest)(Encoding *encoding, const char *text, gsize length, GError **error);

/* The set's tokens in the text, and `rest` for what lies between them. */
static gboolean split_added(Encoding *encoding, const AddedSet *set, EncodeRest rest, const char *text, gsize length, GError **error)
{
    gsize begin = 0;
    for (gsize at = 0; set->count > 0 && (at = next_start(set, text, length, at)) < length;) {
        const HfAdded *added = added_at(set, text + at, length - at);
        gsize end = at + (added ? added->length : 1);
        if (!added || (added->single_word && inside_a_word(text, length, at, end))) {
            at = end;
            continue;
        }
        gsize from = added->left_strip ? strip_left(text, begin, at) : at;
        end = added->right_strip ? strip_right(text, length, end) : end;
        if (!rest(encoding, text + begin, from - begin, error))
            return FALSE;
        g_array_append_val(encoding->ids, added->id);
        begin = at = end;
    }
    return rest(encoding, text + begin, length - begin, error);
}

/* GLib normalises up to a NUL; a NUL itself is the same in every form. */
static void normalise_by(GString *text, GNormalizeMode mode)
{
    g_autoptr(GString) out = g_string_sized_new(text->len);
    for (gsize at = 0; at < text->len;) {
        gsize length = strnlen(text->str + at, text->len - at);
        g_autofree char *part = g_utf8_normalize(text->str + at, (gssize)length, mode);
        g_string_append(out, part ? part : "");
        at += length;
        if (at < text->len) {
            g_string_append_c(out, '\0');
            at++;
        }
    }
    g_string_assign(text, "");
    g_string_append_len(text, out->str, (gssize)out->len);
}

static gboolean is_ascii(const char *text, gsize length)
{
    guint8 all = 0;
    for (gsize i = 0; i < length; i++)
        all |= (guint8)text[i];
    return all < 0x80;
}

static gboolean encode_normalised(Encoding *encoding, const char *text, gsize length, GError **error)
{
    const HfEncoder *encoder = encoding->encoder;
    const GArray *normalizers = encoder->model->normalizers;
    if (normalizers->len == 0 || is_ascii(text, length))
        return split_added(encoding, &encoder->normalised, encode_words, text, length, error);
    g_autoptr(GString) normalised = g_string_new_len(text, (gssize)length);
    for (guint i = 0; i < normalizers->len; i++)
        normalise_by(normalised, g_array_index(normalizers, GNormalizeMode, i));
    return split_added(encoding, &encoder->normalised, encode_words, normalised->str, normalised->len, error);
}

gboolean hf_encode(const HfEncoder *encoder, const char *text, gsize length, GArray *ids, GError **error)
{
    Encoding encoding = {
        .encoder = encoder,
        .words = {.cache = word_cache_of_thread(encoder->number), .ids = ids, .encode = merge_word, .user = &encoding},
        .symbols = g_array_new(FALSE, FALSE, sizeof(guint32)),
        .ids = ids,
    };
    gboolean good = split_added(&encoding, &encoder->raw, encode_normalised, text, length, error);
    g_array_unref(encoding.symbols);
    bpe_work_clear(&encoding.work);
    return good;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------------------------- */

/* One U+FFFD for each longest beginning of a character that is cut short, as the Unicode standard has it (3.9). */
static gsize bad_length(const guint8 *bytes, gsize length)
{
    guint8 first = bytes[0];
    gsize wanted = first >= 0xf0 && first <= 0xf4 ? 4 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xc2 && first <= 0xdf ? 2 : 1;
    guint8 low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80, high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    gsize good = 1;
    for (; good < MIN(wanted, length) && bytes[good] >= low && bytes[good] <= high; good++) {
        low = 0x80;
        high = 0xbf;
    }
    return good;
}

static void append_valid(GString *text, const char *bytes, gsize length)
{
    while (length > 0) {
        const char *end;
        g_utf8_validate_len(bytes, length, &end);
        gsize good = (gsize)(end - bytes);
        g_string_append_len(text, bytes, (gssize)good);
        bytes += good;
        length -= good;
        if (length == 0)
            return;
        gsize bad = *bytes == '\0' ? 1 : bad_length((const guint8 *)bytes, length);
        g_string_append_len(text, *bytes == '\0' ? "\0" : "\xef\xbf\xbd", *bytes == '\0' ? 1 : 3);
        bytes += bad;
        length -= bad;
    }
}

void hf_decode(const HfEncoder *encoder, const guint32 *ids, gsize count, GString *text)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    for (gsize i = 0; i < count; i++) {
        const HfToken *token = &encoder->model->tokens[ids[i]];
        if (token->bytes)
            g_string_append_len(bytes, token->bytes, token->length);
    }
    append_valid(text, bytes->str, bytes->len);
}
