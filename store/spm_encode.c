/* SPDX-License-Identifier: Apache-2.0
 * Words to symbols, symbols merged, symbols to ids; see store/spm_encode.h. */
#include "store/spm_encode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "store/bpe.h"
#include "store/spm_normalise.h"
#include "store/utf8_valid.h"
#include "store/word_cache.h"

/* A symbol is the id of a piece, or a character that is none, or a user-defined piece, which nothing merges with. */
#define CHARACTER 0x40000000u
#define FROZEN 0x20000000u
#define NORMALISED_LIMIT ((gsize)2 << 30)
#define SCRATCH_KEPT ((gsize)1 << 20) /* bytes; what a longer text took is given back */

struct SpmEncoder {
    SpmModel *model;
    SpmNormaliser *normaliser;
    GHashTable *ids;        /* SpmText -> id + 1, of pieces that text can become */
    BpeTable *merges;
    guint32 ascii[128];     /* the symbols of these characters */
    GHashTable *characters; /* other characters that are pieces -> id + 1 */
    guint32 bytes[256];     /* ids of the pieces of single bytes; SPM_NO_ID: none */
    gboolean by_words;
    gboolean unused;        /* the model has pieces that are to be taken apart */
    guint64 number;         /* tells its words from those of other encoders */
};

/* ---- Looking up texts --------------------------------------------------------------------------------------------- */

static guint text_hash(gconstpointer key)
{
    const SpmText *text = key;
    return (guint)hash64(text->at, text->length, 0);
}

static gboolean text_equal(gconstpointer left, gconstpointer right)
{
    const SpmText *a = left, *b = right;
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

/* The library takes the length of a character from its first byte, as normalised text is valid. Pieces need not be. */
static gsize character_length(const char *text, gsize length)
{
    static const guint8 lengths[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};
    return MIN(lengths[(guint8)text[0] >> 4], length);
}

static guint32 symbol_of_character(const SpmEncoder *encoder, gunichar character)
{
    if (character < 128)
        return encoder->ascii[character];
    gpointer id = g_hash_table_lookup(encoder->characters, GUINT_TO_POINTER(character));
    return id ? GPOINTER_TO_UINT(id) - 1 : CHARACTER | character;
}

/* ---- Building ------------------------------------------------------------------------------------------------------- */

static gboolean type_merges(SpmType type)
{
    return type == SPM_NORMAL || type == SPM_USER_DEFINED || type == SPM_UNUSED;
}

static gboolean index_pieces(SpmEncoder *encoder, GError **error)
{
    const SpmModel *model = encoder->model;
    encoder->ids = g_hash_table_new(text_hash, text_equal);
    for (guint32 id = 0; id < model->count; id++) {
        SpmPiece *piece = &model->pieces[id];
        encoder->unused |= piece->type == SPM_UNUSED;
        if (!type_merges(piece->type))
            continue;
        if (g_hash_table_insert(encoder->ids, &piece->text, GUINT_TO_POINTER(id + 1)))
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "piece %u has the text of an earlier one", id);
        return FALSE;
    }
    return TRUE;
}

static void index_characters(SpmEncoder *encoder)
{
    encoder->characters = g_hash_table_new(NULL, NULL);
    for (guint32 i = 0; i < 128; i++)
        encoder->ascii[i] = CHARACTER | i;
    for (guint32 id = 0; id < encoder->model->count; id++) {
        const SpmPiece *piece = &encoder->model->pieces[id];
        if (!type_merges(piece->type) || character_length(piece->text.at, piece->text.length) != piece->text.length)
            continue;
        gunichar character = g_utf8_get_char_validated(piece->text.at, (gssize)piece->text.length);
        if (character < 128)
            encoder->ascii[character] = id;
        else if (character <= 0x10ffff)
            g_hash_table_insert(encoder->characters, GUINT_TO_POINTER(character), GUINT_TO_POINTER(id + 1));
    }
}

static void index_bytes(SpmEncoder *encoder)
{
    for (unsigned byte = 0; byte < 256; byte++)
        encoder->bytes[byte] = SPM_NO_ID;
    for (guint32 id = 0; id < encoder->model->count; id++) {
        const SpmPiece *piece = &encoder->model->pieces[id];
        unsigned byte;
        if (piece->type == SPM_BYTE && piece->text.length == 6 && sscanf(piece->text.at, "<0x%2X>", &byte) == 1)
            encoder->bytes[byte] = id;
    }
}

/* The symbol that this text is when it comes up in a row of symbols; BPE_NO_SYMBOL: it never does. */
static guint32 symbol_of_text(const SpmEncoder *encoder, SpmText text)
{
    gpointer id = g_hash_table_lookup(encoder->ids, &text);
    if (id)
        return GPOINTER_TO_UINT(id) - 1;
    if (character_length(text.at, text.length) != text.length)
        return BPE_NO_SYMBOL;
    gunichar character = g_utf8_get_char_validated(text.at, (gssize)text.length);
    return character <= 0x10ffff ? CHARACTER | character : BPE_NO_SYMBOL;
}

static void add_merges_of(SpmEncoder *encoder, guint32 id, guint32 rank)
{
    SpmText text = encoder->model->pieces[id].text;
    for (gsize cut = character_length(text.at, text.length); cut < text.length;
         cut += character_length(text.at + cut, text.length - cut)) {
        guint32 left = symbol_of_text(encoder, (SpmText){text.at, cut});
        guint32 right = symbol_of_text(encoder, (SpmText){text.at + cut, text.length - cut});
        if (left != BPE_NO_SYMBOL && right != BPE_NO_SYMBOL)
            bpe_table_add(encoder->merges, left, right, id, rank);
    }
}

typedef struct Scored {
    float score;
    guint32 id;
} Scored;

static int compare_scored(const void *left, const void *right)
{
    const Scored *a = left, *b = right;
    return a->score > b->score ? -1 : a->score < b->score ? 1 : (a->id > b->id) - (a->id < b->id);
}

/* Ranks follow the scores; equal scores are of equal rank, so that place decides among them. */
static void build_merges(SpmEncoder *encoder)
{
    const SpmModel *model = encoder->model;
    g_autofree Scored *order = g_new(Scored, model->count);
    guint32 count = 0, rank = 0;
    for (guint32 id = 0; id < model->count; id++)
        if (type_merges(model->pieces[id].type))
            order[count++] = (Scored){model->pieces[id].score, id};
    qsort(order, count, sizeof *order, compare_scored);
    encoder->merges = bpe_table_new(2 * (gsize)count);
    for (guint32 i = 0; i < count; i++) {
        rank += i > 0 && order[i].score < order[i - 1].score;
        add_merges_of(encoder, order[i].id, rank);
    }
}

/* A space behind anything but a space. */
static gboolean has_inner_space(SpmText piece)
{
    while (piece.length >= SPM_SPACE_LENGTH && memcmp(piece.at, SPM_SPACE, SPM_SPACE_LENGTH) == 0)
        piece = (SpmText){piece.at + SPM_SPACE_LENGTH, piece.length - SPM_SPACE_LENGTH};
    return memmem(piece.at, piece.length, SPM_SPACE, SPM_SPACE_LENGTH) != NULL;
}

/* Words are separate when no piece reaches over the start of one, no two unknown characters can meet there to become one
 * unknown piece, and no unused piece is taken apart as another place of the text has it. */
static gboolean words_are_separate(const SpmEncoder *encoder)
{
    const SpmModel *model = encoder->model;
    SpmText space = {SPM_SPACE, SPM_SPACE_LENGTH};
    gboolean space_is_known = model->byte_fallback || g_hash_table_contains(encoder->ids, &space);
    gboolean inner = FALSE;
    for (guint32 id = 0; id < model->count && !inner; id++)
        inner = type_merges(model->pieces[id].type) && has_inner_space(model->pieces[id].text);
    return space_is_known && !inner && !encoder->unused;
}

SpmEncoder *spm_encoder_new(SpmModel *model, GError **error)
{
    g_autoptr(SpmEncoder) encoder = g_new0(SpmEncoder, 1);
    encoder->model = model;
    encoder->number = word_cache_owner();
    if (model->algorithm != SPM_BPE) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "it is no byte-pair model");
        return NULL;
    }
    encoder->normaliser = spm_normaliser_new(model, error);
    if (!encoder->normaliser || !index_pieces(encoder, error))
        return NULL;
    index_characters(encoder);
    index_bytes(encoder);
    build_merges(encoder);
    encoder->by_words = words_are_separate(encoder);
    return g_steal_pointer(&encoder);
}

void spm_encoder_free(SpmEncoder *encoder)
{
    if (!encoder)
        return;
    g_clear_pointer(&encoder->ids, g_hash_table_unref);
    g_clear_pointer(&encoder->characters, g_hash_table_unref);
    bpe_table_free(encoder->merges);
    spm_normaliser_free(encoder->normaliser);
    spm_model_free(encoder->model);
    g_free(encoder);
}

const SpmModel *spm_encoder_model(const SpmEncoder *encoder)
{
    return encoder->model;
}

gboolean spm_encoder_by_words(const SpmEncoder *encoder)
{
    return encoder->by_words;
}

/* ---- Scratch ------------------------------------------------------------------------------------------------------------ */

/* What a text takes while it is encoded. A thread keeps its own: short texts would spend their time on getting and giving it back. */
typedef struct Scratch {
    Buffer normalised;
    GArray *symbols;
} Scratch;

static void scratch_free(gpointer data)
{
    Scratch *scratch = data;
    buffer_clear(&scratch->normalised);
    g_array_unref(scratch->symbols);
    g_free(scratch);
}

static GPrivate thread_scratch = G_PRIVATE_INIT(scratch_free);

static Scratch *scratch_take(void)
{
    Scratch *scratch = g_private_get(&thread_scratch);
    if (!scratch) {
        scratch = g_new(Scratch, 1);
        buffer_init(&scratch->normalised, NORMALISED_LIMIT);
        scratch->symbols = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_private_set(&thread_scratch, scratch);
    }
    buffer_reset(&scratch->normalised);
    return scratch;
}

static void scratch_leave(const Scratch *scratch)
{
    if (scratch->normalised.capacity > SCRATCH_KEPT || scratch->symbols->len > SCRATCH_KEPT / sizeof(guint32))
        g_private_replace(&thread_scratch, NULL);
}

/* ---- Encoding a row ---------------------------------------------------------------------------------------------------- */

/* What a call needs besides its arguments. */
typedef struct Encoding {
    const SpmEncoder *encoder;
    WordBatch words;
    GArray *symbols;
    GArray *ids;
    BpeWork work;
    GHashTable *splits; /* unused piece + 1 -> its two parts, as they were last seen; NULL: the model has none */
    gboolean after_unknown;
} Encoding;

/* At `unused` pieces: the last pair that could have become one says how it is taken apart. */
static void note_candidate(gpointer user, guint32 left, guint32 right, guint32 merged)
{
    Encoding *encoding = user;
    if (encoding->encoder->model->pieces[merged].type != SPM_UNUSED)
        return;
    guint64 *parts = g_new(guint64, 1);
    *parts = (guint64)left << 32 | right;
    g_hash_table_replace(encoding->splits, GUINT_TO_POINTER(merged + 1), parts);
}

static guint32 frozen_symbol(const SpmEncoder *encoder, const char *text, gsize length)
{
    SpmText piece = {text, length};
    return FROZEN | (GPOINTER_TO_UINT(g_hash_table_lookup(encoder->ids, &piece)) - 1);
}

static void split_symbols(const SpmEncoder *encoder, const char *text, gsize length, GArray *symbols)
{
    g_array_set_size(symbols, (guint)length);
    guint32 *out = (guint32 *)(gpointer)symbols->data;
    for (gsize from = 0; from < length;) {
        gsize taken = spm_user_defined_at(encoder->normaliser, text + from, length - from);
        if (taken) {
            *out++ = frozen_symbol(encoder, text + from, taken);
        } else {
            taken = character_length(text + from, length - from);
            *out++ = symbol_of_character(encoder, taken == 1 ? (gunichar)text[from] : g_utf8_get_char(text + from));
        }
        from += taken;
    }
    g_array_set_size(symbols, (guint)(out - (guint32 *)(gpointer)symbols->data));
}

static void append_id(Encoding *encoding, guint32 id)
{
    encoding->after_unknown = id == encoding->encoder->model->unknown;
    g_array_append_val(encoding->ids, id);
}

/* Unknown characters in a row are one unknown piece, unless their bytes have pieces. */
static void append_unknown(Encoding *encoding, gunichar character)
{
    const SpmEncoder *encoder = encoding->encoder;
    if (!encoder->model->byte_fallback) {
        if (!encoding->after_unknown)
            append_id(encoding, encoder->model->unknown);
        return;
    }
    char bytes[6];
    int length = g_unichar_to_utf8(character, bytes);
    for (int i = 0; i < length; i++) {
        guint32 id = encoder->bytes[(guint8)bytes[i]];
        append_id(encoding, id == SPM_NO_ID ? encoder->model->unknown : id);
    }
    encoding->after_unknown = TRUE;
}

#define DEPTH_LIMIT SPM_PIECE_LIMIT /* each part is shorter than the whole */

static void append_symbol(Encoding *encoding, guint32 symbol, gsize depth)
{
    if (symbol & CHARACTER) {
        append_unknown(encoding, symbol & ~CHARACTER);
        return;
    }
    guint32 id = symbol & ~FROZEN;
    const guint64 *parts = encoding->splits && encoding->encoder->model->pieces[id].type == SPM_UNUSED
        ? g_hash_table_lookup(encoding->splits, GUINT_TO_POINTER(id + 1)) : NULL;
    if (!parts || depth == DEPTH_LIMIT) {
        append_id(encoding, id);
        return;
    }
    guint64 both = *parts;
    append_symbol(encoding, (guint32)(both >> 32), depth + 1);
    append_symbol(encoding, (guint32)both, depth + 1);
}

static void encode_row(Encoding *encoding, const char *text, gsize length)
{
    split_symbols(encoding->encoder, text, length, encoding->symbols);
    guint32 *symbols = (guint32 *)(gpointer)encoding->symbols->data;
    gsize count = bpe_merge(encoding->encoder->merges, &encoding->work, symbols, encoding->symbols->len);
    for (gsize i = 0; i < count; i++)
        append_symbol(encoding, symbols[i], 0);
}

/* ---- Encoding a text ------------------------------------------------------------------------------------------------------ */

static void encode_word(gpointer user, const char *word, gsize length)
{
    Encoding *encoding = user;
    encoding->after_unknown = FALSE;
    encode_row(encoding, word, length);
}

static inline gboolean is_space(const char *text, const char *end)
{
    return end - text >= SPM_SPACE_LENGTH && memcmp(text, SPM_SPACE, SPM_SPACE_LENGTH) == 0;
}

/* Where the word that begins at `text`, with the spaces before it, ends: at the next space. */
static const char *word_end(const char *text, const char *end)
{
    while (is_space(text, end))
        text += SPM_SPACE_LENGTH;
    while (text < end && (text = memchr(text, SPM_SPACE[0], (gsize)(end - text)))) {
        if (is_space(text, end))
            return text;
        text++;
    }
    return end;
}

static void encode_words(Encoding *encoding, const char *text, gsize length)
{
    for (const char *end = text + length, *next; text < end; text = next) {
        next = word_end(text, end);
        word_batch_add(&encoding->words, text, (gsize)(next - text));
    }
    word_batch_flush(&encoding->words);
}

static void encoding_begin(Encoding *encoding, const SpmEncoder *encoder, GArray *symbols, GArray *ids)
{
    *encoding = (Encoding){.encoder = encoder, .ids = ids, .symbols = symbols};
    if (encoder->by_words)
        encoding->words = (WordBatch){.cache = word_cache_of_thread(encoder->number), .ids = ids, .encode = encode_word, .user = encoding};
    if (!encoder->unused)
        return;
    encoding->splits = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    encoding->work.candidate = note_candidate;
    encoding->work.user = encoding;
}

static void encoding_end(Encoding *encoding)
{
    bpe_work_clear(&encoding->work);
    g_clear_pointer(&encoding->splits, g_hash_table_unref);
}

void spm_encode(const SpmEncoder *encoder, const char *text, gsize length, GArray *ids)
{
    Scratch *scratch = scratch_take();
    const Buffer *normalised = &scratch->normalised;
    Encoding encoding;
    spm_normalise(encoder->normaliser, text, length, &scratch->normalised);
    encoding_begin(&encoding, encoder, scratch->symbols, ids);
    if (encoder->by_words)
        encode_words(&encoding, normalised->data, normalised->length);
    else
        encode_row(&encoding, normalised->data, normalised->length);
    encoding_end(&encoding);
    scratch_leave(scratch);
}

/* ---- Decoding ----------------------------------------------------------------------------------------------------------- */

/* The run of byte pieces at `ids`; returns its length. */
static gsize decode_byte_run(const SpmModel *model, const guint32 *ids, gsize count, GString *text)
{
    g_autoptr(GString) bytes = g_string_new(NULL);
    gsize run = 0;
    unsigned byte;
    for (; run < count && model->pieces[ids[run]].type == SPM_BYTE; run++)
        if (model->pieces[ids[run]].text.length == 6 && sscanf(model->pieces[ids[run]].text.at, "<0x%2X>", &byte) == 1)
            g_string_append_c(bytes, (char)byte);
    utf8_append_valid(text, bytes->str, bytes->len);
    return run;
}

static void append_unescaped(SpmText piece, GString *text)
{
    for (gsize i = 0; i < piece.length;) {
        gboolean space = is_space(piece.at + i, piece.at + piece.length);
        g_string_append_c(text, space ? ' ' : piece.at[i]);
        i += space ? SPM_SPACE_LENGTH : 1;
    }
}

/* Takes away the space that was put before the text; where spaces are squeezed, all that come before anything else. */
static SpmText without_prefix(const SpmModel *model, SpmText piece, gboolean *at_start)
{
    if (!*at_start || !(model->dummy_prefix || model->squeeze_spaces) || !is_space(piece.at, piece.at + piece.length))
        return piece;
    *at_start = model->squeeze_spaces;
    return (SpmText){piece.at + SPM_SPACE_LENGTH, piece.length - SPM_SPACE_LENGTH};
}

void spm_decode(const SpmEncoder *encoder, const guint32 *ids, gsize count, GString *text)
{
    const SpmModel *model = encoder->model;
    gsize start = text->len;
    gboolean at_start = TRUE;
    for (gsize i = 0; i < count;) {
        const SpmPiece *piece = &model->pieces[ids[i]];
        if (piece->type == SPM_BYTE) {
            i += decode_byte_run(model, ids + i, count - i, text);
            continue;
        }
        at_start = at_start && text->len == start;
        if (piece->type == SPM_UNKNOWN)
            g_string_append_len(text, model->unknown_surface.at, (gssize)model->unknown_surface.length);
        else if (piece->type != SPM_CONTROL)
            append_unescaped(without_prefix(model, piece->text, &at_start), text);
        i++;
    }
}
