/* SPDX-License-Identifier: Apache-2.0
 * Protocol buffers' wire format to a table of pieces; see store/spm_model.h. */
#include "store/spm_model.h"

#include <string.h>

#include "base/error.h"

/* ---- The wire format ---------------------------------------------------------------------------------------------- */

typedef struct Message {
    const guint8 *at;
    const guint8 *end;
} Message;

typedef struct Field {
    guint64 number;
    guint64 value; /* of a varint */
    SpmText bytes; /* of any other field */
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

static gboolean take_bytes(Message *message, guint64 length, SpmText *bytes)
{
    if (length > (guint64)(message->end - message->at))
        return FALSE;
    *bytes = (SpmText){(const char *)message->at, (gsize)length};
    message->at += length;
    return TRUE;
}

/* FALSE at the end, and for nonsense, which leaves bytes over. */
static gboolean take_field(Message *message, Field *field)
{
    enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
    guint64 tag;
    *field = (Field){0};
    if (message->at == message->end || !take_varint(message, &tag))
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

static Message message_of(SpmText bytes)
{
    const guint8 *at = (const guint8 *)(bytes.at ? bytes.at : ""); /* a part that is not there is empty */
    return (Message){at, at + bytes.length};
}

/* ---- The parts of the model ----------------------------------------------------------------------------------------- */

typedef struct Reading {
    SpmModel *model;
    GArray *pieces;
    SpmText bos_piece, eos_piece;
    const char *wrong; /* what is wrong with the file; NULL: nothing yet */
} Reading;

static void read_piece(Reading *reading, SpmText bytes)
{
    Message message = message_of(bytes);
    SpmPiece piece = {.type = SPM_NORMAL};
    Field field;
    while (take_field(&message, &field)) {
        if (field.number == 1)
            piece.text = field.bytes;
        else if (field.number == 2 && field.bytes.length == sizeof piece.score)
            memcpy(&piece.score, field.bytes.at, sizeof piece.score);
        else if (field.number == 3)
            piece.type = (SpmType)MIN(field.value, G_MAXINT);
    }
    if (message.at != message.end || !piece.text.at || piece.text.length == 0)
        reading->wrong = "one of its pieces has no text";
    else if (piece.text.length > SPM_PIECE_LIMIT)
        reading->wrong = "one of its pieces is longer than 4096 bytes";
    else if (piece.type < SPM_NORMAL || piece.type > SPM_BYTE)
        reading->wrong = "one of its pieces is of an unknown type";
    else if (reading->pieces->len >= SPM_PIECES_LIMIT)
        reading->wrong = "it has more than 16777216 pieces";
    else
        g_array_append_val(reading->pieces, piece);
}

static void read_trainer(Reading *reading, SpmText bytes)
{
    SpmModel *model = reading->model;
    Message message = message_of(bytes);
    Field field;
    while (take_field(&message, &field)) {
        switch (field.number) {
        case 3:
            model->algorithm = (SpmAlgorithm)MIN(field.value, G_MAXINT);
            break;
        case 24:
            model->space_as_suffix = field.value != 0;
            break;
        case 35:
            model->byte_fallback = field.value != 0;
            break;
        case 44:
            model->unknown_surface = field.bytes;
            break;
        case 46:
            reading->bos_piece = field.bytes;
            break;
        case 47:
            reading->eos_piece = field.bytes;
            break;
        default:
            break;
        }
    }
    if (message.at != message.end)
        reading->wrong = "the record of its training is cut short";
}

static void read_normalizer(Reading *reading, SpmText bytes)
{
    SpmModel *model = reading->model;
    Message message = message_of(bytes);
    Field field;
    while (take_field(&message, &field)) {
        if (field.number == 2)
            model->charsmap = field.bytes;
        else if (field.number == 3)
            model->dummy_prefix = field.value != 0;
        else if (field.number == 4)
            model->squeeze_spaces = field.value != 0;
        else if (field.number == 5)
            model->escape_spaces = field.value != 0;
    }
    if (message.at != message.end)
        reading->wrong = "its normalisation rules are cut short";
}

static void read_parts(Reading *reading, SpmText bytes)
{
    Message message = message_of(bytes);
    Field field;
    while (!reading->wrong && take_field(&message, &field)) {
        if (field.number == 1)
            read_piece(reading, field.bytes);
        else if (field.number == 2)
            read_trainer(reading, field.bytes);
        else if (field.number == 3)
            read_normalizer(reading, field.bytes);
    }
    if (!reading->wrong && message.at != message.end)
        reading->wrong = "it is cut short, or no such file";
    if (!reading->wrong && reading->pieces->len == 0)
        reading->wrong = "it holds no pieces";
}

/* ---- The model ------------------------------------------------------------------------------------------------------- */

static gboolean same_text(SpmText a, SpmText b)
{
    return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

/* The id of a control or unknown piece of this text. */
static guint32 find_reserved(const SpmModel *model, SpmText text)
{
    for (guint32 id = 0; id < model->count; id++) {
        SpmType type = model->pieces[id].type;
        if ((type == SPM_CONTROL || type == SPM_UNKNOWN) && same_text(model->pieces[id].text, text))
            return id;
    }
    return SPM_NO_ID;
}

static void find_specials(Reading *reading)
{
    SpmModel *model = reading->model;
    model->unknown = SPM_NO_ID;
    for (guint32 id = 0; id < model->count && model->unknown == SPM_NO_ID; id++)
        if (model->pieces[id].type == SPM_UNKNOWN)
            model->unknown = id;
    model->bos = find_reserved(model, reading->bos_piece);
    model->eos = find_reserved(model, reading->eos_piece);
    if (model->bos == model->unknown)
        model->bos = SPM_NO_ID;
    if (model->eos == model->unknown)
        model->eos = SPM_NO_ID;
    if (model->unknown == SPM_NO_ID)
        reading->wrong = "it has no piece for what is unknown";
}

SpmModel *spm_model_read(const char *bytes, gsize length, GError **error)
{
    g_autoptr(SpmModel) model = g_new0(SpmModel, 1);
    *model = (SpmModel){
        .algorithm = SPM_UNIGRAM,
        .unknown_surface = {" \xe2\x81\x87 ", 5},
        .dummy_prefix = TRUE,
        .squeeze_spaces = TRUE,
        .escape_spaces = TRUE,
    };
    Reading reading = {
        .model = model,
        .pieces = g_array_new(FALSE, FALSE, sizeof(SpmPiece)),
        .bos_piece = {"<s>", 3},
        .eos_piece = {"</s>", 4},
    };
    read_parts(&reading, (SpmText){bytes, length});
    model->count = reading.pieces->len;
    model->pieces = (SpmPiece *)(gpointer)g_array_free(reading.pieces, FALSE);
    if (!reading.wrong)
        find_specials(&reading);
    if (!reading.wrong)
        return g_steal_pointer(&model);
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s", reading.wrong);
    return NULL;
}

void spm_model_free(SpmModel *model)
{
    if (!model)
        return;
    g_free(model->pieces);
    g_free(model);
}
