/* SPDX-License-Identifier: Apache-2.0
 * TensorBoard's event files; see train/tensorboard.h. */
#include "train/tensorboard.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

struct Tensorboard {
    int file;
    char *path;
};

/* Field numbers of event.proto and summary.proto. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, SESSION_STATUS = 1, SESSION_START = 1 };
/* Wire types of Protocol Buffers. */
enum { WIRE_VARINT = 0, WIRE_DOUBLE = 1, WIRE_BYTES = 2, WIRE_FLOAT = 5 };

/* Four bits at a time, by the reflected polynomial 0x82f63b78. */
guint32 crc32c(const void *data, gsize length)
{
    static const guint32 nibbles[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
        0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    guint32 crc = G_MAXUINT32;
    for (gsize i = 0; i < length; i++) {
        crc ^= ((const guint8 *)data)[i];
        crc = crc >> 4 ^ nibbles[crc & 15];
        crc = crc >> 4 ^ nibbles[crc & 15];
    }
    return ~crc;
}

static void put_little(GByteArray *out, guint64 value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        guint8 byte = (guint8)(value >> (8 * i));
        g_byte_array_append(out, &byte, 1);
    }
}

static void put_varint(GByteArray *out, guint64 value)
{
    for (; value >= 0x80; value >>= 7)
        put_little(out, (value & 0x7f) | 0x80, 1);
    put_little(out, value, 1);
}

static void put_key(GByteArray *out, unsigned field, unsigned wire)
{
    put_varint(out, field << 3 | wire);
}

static void put_bytes(GByteArray *out, unsigned field, const void *data, gsize length)
{
    put_key(out, field, WIRE_BYTES);
    put_varint(out, length);
    g_byte_array_append(out, data, (guint)length);
}

static void put_double(GByteArray *out, unsigned field, double value)
{
    guint64 bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(out, field, WIRE_DOUBLE);
    put_little(out, bits, 8);
}

static void put_float(GByteArray *out, unsigned field, float value)
{
    guint32 bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(out, field, WIRE_FLOAT);
    put_little(out, bits, 4);
}

static GByteArray *event_new(guint64 step)
{
    GByteArray *event = g_byte_array_new();
    put_double(event, EVENT_WALL_TIME, (double)g_get_real_time() / G_USEC_PER_SEC);
    put_key(event, EVENT_STEP, WIRE_VARINT);
    put_varint(event, step);
    return event;
}

/* So that a CRC of a CRC, and a block of zeros, do not pass. */
static guint32 masked_crc(const void *data, gsize length)
{
    guint32 crc = crc32c(data, length);
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/* Length, its CRC, the event, its CRC: one write, so that a killed run leaves at most one torn record. */
static gboolean write_event(Tensorboard *board, const GByteArray *event, GError **error)
{
    g_autoptr(GByteArray) record = g_byte_array_new();
    put_little(record, event->len, 8);
    put_little(record, masked_crc(record->data, 8), 4);
    g_byte_array_append(record, event->data, event->len);
    put_little(record, masked_crc(event->data, event->len), 4);
    for (gsize done = 0; done < record->len;) {
        ssize_t written = write(board->file, record->data + done, record->len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            galen_error_set_errno(error, errno, "cannot write %s", board->path);
            return FALSE;
        }
        done += (gsize)written;
    }
    return TRUE;
}

static gboolean write_beginning(Tensorboard *board, guint64 step, GError **error)
{
    static const char version[] = "brain.Event:2";
    static const guint8 start[] = {SESSION_STATUS << 3 | WIRE_VARINT, SESSION_START};
    g_autoptr(GByteArray) first = event_new(0), session = event_new(step + 1);
    put_bytes(first, EVENT_FILE_VERSION, version, strlen(version));
    put_bytes(session, EVENT_SESSION_LOG, start, sizeof start);
    return write_event(board, first, error) && write_event(board, session, error);
}

/* A file that was not there. */
static gboolean create_file(Tensorboard *board, const char *directory, GError **error)
{
    gint64 seconds = g_get_real_time() / G_USEC_PER_SEC;
    for (unsigned number = 0; number < 10000; number++) {
        g_free(board->path);
        board->path = g_strdup_printf("%s/events.out.tfevents.%010" G_GINT64_FORMAT ".galen.%04u", directory, seconds, number);
        board->file = open(board->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
        if (board->file >= 0)
            return TRUE;
        if (errno != EEXIST)
            break;
    }
    galen_error_set_errno(error, errno, "cannot create %s", board->path);
    return FALSE;
}

Tensorboard *tensorboard_open(const char *directory, guint64 step, GError **error)
{
    if (!directory_make(directory, error))
        return NULL;
    g_autoptr(Tensorboard) board = g_new0(Tensorboard, 1);
    board->file = -1;
    if (!create_file(board, directory, error) || !write_beginning(board, step, error))
        return NULL;
    return g_steal_pointer(&board);
}

gboolean tensorboard_write(Tensorboard *board, guint64 step, const TensorboardScalar *scalars, gsize count, GError **error)
{
    g_autoptr(GByteArray) event = event_new(step), summary = g_byte_array_new();
    for (gsize i = 0; i < count; i++) {
        if (!isfinite(scalars[i].value))
            continue;
        g_autoptr(GByteArray) value = g_byte_array_new();
        put_bytes(value, VALUE_TAG, scalars[i].tag, strlen(scalars[i].tag));
        put_float(value, VALUE_SIMPLE, (float)scalars[i].value);
        put_bytes(summary, SUMMARY_VALUE, value->data, value->len);
    }
    put_bytes(event, EVENT_SUMMARY, summary->data, summary->len);
    return write_event(board, event, error);
}

void tensorboard_free(Tensorboard *board)
{
    if (!board)
        return;
    if (board->file >= 0)
        close(board->file);
    g_free(board->path);
    g_free(board);
}
