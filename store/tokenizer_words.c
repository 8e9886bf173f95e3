/* SPDX-License-Identifier: Apache-2.0
 * Words encoded once; see store/tokenizer_words.h. */
#include "store/tokenizer_words.h"

#include <string.h>

/* ---- Reading the model file (protocol buffers' wire format) --------------------------------------------------- */

typedef struct Message {
    const guint8 *at;
    const guint8 *end;
} Message;

typedef struct Field {
    guint64 number;
    guint64 value; /* of a varint */
    Message bytes; /* of a length-delimited field */
} Field;

static gboolean take_varint(Message *message, guint64 *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64 && message->at < message->end; shift += 7) {
        guint8 byte = *message->at++;
        *value |= (guint64)(byte & 127) << shift;
        if (byte < 128)
            return TRUE;
    }
    return FALSE;
}

static gboolean take_bytes(Message *message, guint64 length, Message *bytes)
{
    if (length > (guint64)(message->end - message->at))
        return FALSE;
    *bytes = (Message){message->at, message->at + length};
    message->at += length;
    return TRUE;
}

/* FALSE at the end, and for nonsense, which leaves bytes over. */
static gboolean take_field(Message *message, Field *field)
{
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
    guint64 tag;
    *field = (Field){0};
    if (!take_varint(message, &tag))
        return FALSE;
    field->number = tag >> 3;
    switch (tag & 7) {
    case VARINT:
        return take_varint(message, &field->value);
    case FIXED64:
        return take_bytes(message, 8, &field->bytes);
    case BYTES:
        return take_varint(message, &field->value) && take_bytes(message, field->value, &field->bytes);
    case FIXED32:
        return take_bytes(message, 4, &field->bytes);
    default:
        return FALSE;
    }
}

/* What decides whether words are separate, with the format's defaults. */
typedef struct Traits {
    gboolean bpe, suffix, space_piece, inner_space, user_defined, unreadable;
    gboolean charsmap, dummy_prefix, squeeze, escape;
} Traits;

#define SPACE_MARK "\xe2\x96\x81" /* U+2581, the space inside pieces */
#define SPACE_MARK_LENGTH 3

/* A space behind anything but a space. */
static gboolean has_inner_space(Message piece)
{
    while (piece.end - piece.at >= SPACE_MARK_LENGTH && memcmp(piece.at, SPACE_MARK, SPACE_MARK_LENGTH) == 0)
        piece.at += SPACE_MARK_LENGTH;
    return memmem(piece.at, (gsize)(piece.end - piece.at), SPACE_MARK, SPACE_MARK_LENGTH) != NULL;
}

static void read_piece(Message message, Traits *traits)
{
    enum { NORMAL = 1, USER_DEFINED = 4 };
    Field field;
    Message text = {0};
    guint64 type = NORMAL;
    while (take_field(&message, &field)) {
        if (field.number == 1)
            text = field.bytes;
        else if (field.number == 3)
            type = field.value;
    }
    traits->unreadable |= message.at != message.end || !text.at;
    if (!text.at)
        return;
    gboolean space = text.end - text.at == SPACE_MARK_LENGTH && memcmp(text.at, SPACE_MARK, SPACE_MARK_LENGTH) == 0;
    traits->space_piece |= space && type == NORMAL;
    traits->inner_space |= has_inner_space(text);
    traits->user_defined |= type == USER_DEFINED;
}

static void read_trainer(Message message, Traits *traits)
{
    enum { BPE = 2 };
    Field field;
    while (take_field(&message, &field)) {
        if (field.number == 3)
            traits->bpe = field.value == BPE;
        else if (field.number == 24)
            traits->suffix = field.value != 0;
    }
    traits->unreadable |= message.at != message.end;
}

static void read_normalizer(Message message, Traits *traits)
{
    Field field;
    while (take_field(&message, &field)) {
        if (field.number == 2)
            traits->charsmap = field.bytes.at != field.bytes.end;
        else if (field.number == 3)
            traits->dummy_prefix = field.value != 0;
        else if (field.number == 4)
            traits->squeeze = field.value != 0;
        else if (field.number == 5)
            traits->escape = field.value != 0;
    }
    traits->unreadable |= message.at != message.end;
}

gboolean words_separable(const char *bytes, gsize length)
{
    Message message = {(const guint8 *)bytes, (const guint8 *)bytes + length};
    Traits traits = {.dummy_prefix = TRUE, .squeeze = TRUE, .escape = TRUE};
    Field field;
    while (take_field(&message, &field)) {
        if (field.number == 1)
            read_piece(field.bytes, &traits);
        else if (field.number == 2)
            read_trainer(field.bytes, &traits);
        else if (field.number == 3)
            read_normalizer(field.bytes, &traits);
    }
    return message.at == message.end && !traits.unreadable && traits.bpe && !traits.suffix && traits.space_piece &&
           !traits.inner_space && !traits.user_defined && !traits.charsmap && traits.dummy_prefix && !traits.squeeze &&
           traits.escape;
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

#define WORD_BYTES 30
#define WORD_IDS 8
#define WORD_SLOTS 65536

/* One cache line. A new word takes the place of the one that is there. */
typedef struct WordSlot {
    guint8 length; /* 0: free */
    guint8 count;
    char text[WORD_BYTES];
    guint32 ids[WORD_IDS];
} WordSlot;

typedef struct WordTable {
    Sha256 owner;
    WordSlot slots[WORD_SLOTS];
} WordTable;

/* A thread's own, so that no lock is needed. */
static GPrivate thread_table = G_PRIVATE_INIT(g_free);

static WordTable *table_of(const Sha256 *digest)
{
    WordTable *table = g_private_get(&thread_table);
    if (table && memcmp(&table->owner, digest, sizeof *digest) == 0)
        return table;
    table = g_new0(WordTable, 1);
    table->owner = *digest;
    g_private_replace(&thread_table, table);
    return table;
}

static gboolean encode_word(const SentencePieceModel *model, WordTable *table, const char *word, gsize length, GArray *ids,
                            char **failure)
{
    if (length > WORD_BYTES)
        return sentencepiece_encode(model, word, length, ids, failure);
    WordSlot *slot = &table->slots[hash64(word, length, 0) % WORD_SLOTS];
    if (slot->length == length && memcmp(slot->text, word, length) == 0) {
        g_array_append_vals(ids, slot->ids, slot->count);
        return TRUE;
    }
    guint before = ids->len;
    if (!sentencepiece_encode(model, word, length, ids, failure))
        return FALSE;
    guint count = ids->len - before;
    if (count > WORD_IDS)
        return TRUE;
    slot->length = (guint8)length;
    slot->count = (guint8)count;
    memcpy(slot->text, word, length);
    memcpy(slot->ids, &g_array_index(ids, guint32, before), count * sizeof(guint32));
    return TRUE;
}

/* Where the word that begins at `from` (with spaces, perhaps) ends: at the space before the next one. The space at the
 * very end of a text stays with its word, because the library gives no ids for an empty word. */
static gsize word_end(const char *text, gsize length, gsize from)
{
    while (from < length && text[from] == ' ')
        from++;
    const char *space = from < length ? memchr(text + from, ' ', length - from) : NULL;
    return space && space + 1 < text + length ? (gsize)(space - text) : length;
}

/* The library puts one space before every text. So it is given each word without the first of its spaces. */
gboolean words_encode(const SentencePieceModel *model, const Sha256 *digest, const char *text, gsize length, GArray *ids,
                      char **failure)
{
    /* In the text itself the mark looks like a space but ends no word here. */
    if (memmem(text, length, SPACE_MARK, SPACE_MARK_LENGTH))
        return sentencepiece_encode(model, text, length, ids, failure);
    WordTable *table = table_of(digest);
    for (gsize from = 0; from < length;) {
        gsize end = word_end(text, length, from);
        if (!encode_word(model, table, text + from, end - from, ids, failure))
            return FALSE;
        from = end + 1;
    }
    return TRUE;
}
