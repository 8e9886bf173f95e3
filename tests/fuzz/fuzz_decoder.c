/* SPDX-License-Identifier: Apache-2.0
 * base/decoder.h over packed files. What zlib packed, in one member or several, comes out as it was; a file with a byte
 * changed gives an error or the same; any bytes at all behind the magic of gzip or zstd give something or an error, in the end. */
#include "base/decoder.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "base/buffer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends a gzip member of these bytes. */
static void pack(Buffer *file, const void *data, gsize length, int level)
{
    z_stream stream = {0};
    g_assert_cmpint(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), ==, Z_OK);
    gsize bound = deflateBound(&stream, length);
    buffer_reserve(file, bound);
    stream.next_in = (Bytef *)data;
    stream.avail_in = (uInt)length;
    stream.next_out = (Bytef *)file->data + file->length;
    stream.avail_out = (uInt)bound;
    g_assert_cmpint(deflate(&stream, Z_FINISH), ==, Z_STREAM_END);
    file->length += bound - stream.avail_out;
    deflateEnd(&stream);
}

#define ENOUGH ((gsize)64 << 20) /* bytes that are unpacked at most */
#define SMALL 1000               /* bytes of a file that cannot hold so much: four make 128 KiB at most */

/* Unpacks a file in pieces of `piece` bytes; FALSE if the decoder refuses it, and if so then for ever. */
static gboolean unpack(const Buffer *file, gsize piece, Buffer *text)
{
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    g_assert_true(descriptor >= 0 && write(descriptor, file->data, file->length) == (ssize_t)file->length);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", descriptor);
    g_autofree char *room = g_malloc(piece);
    g_autoptr(Decoder) decoder = decoder_open(path, NULL);
    gssize got = -1;
    while (decoder && text->length < ENOUGH && (got = decoder_read(decoder, room, piece, NULL)) > 0)
        buffer_append(text, room, (gsize)got);
    if (decoder && file->length < SMALL)
        g_assert_cmpint(got, <=, 0);
    if (decoder && got < 0)
        g_assert_cmpint(decoder_read(decoder, room, piece, NULL), <, 0);
    close(descriptor);
    return got >= 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_auto(Buffer) file;
    g_auto(Buffer) text;
    buffer_init(&file, (gsize)128 << 20);
    buffer_init(&text, (gsize)128 << 20);
    gsize piece = size ? 1 + data[size - 1] * 37u : 1, cut = size ? data[0] * size / 256 : 0;

    pack(&file, data, cut, size % 10);
    pack(&file, data + cut, size - cut, (int)(cut % 10));
    buffer_append(&file, "\0\0\0", size % 4);
    g_assert_true(unpack(&file, piece, &text));
    g_assert_cmpmem(text.data, text.length, data, size);

    buffer_reset(&text);
    gsize place = 10 + (size ? data[size / 2] * (file.length - 10) / 256 : 0);
    file.data[place] ^= (char)(1 + size % 200);
    if (unpack(&file, piece, &text))
        g_assert_cmpuint(text.length, <=, ENOUGH + piece);

    for (gsize i = 0; i < 2; i++) {
        buffer_reset(&text);
        buffer_reset(&file);
        buffer_append_string(&file, i ? "\x28\xb5\x2f\xfd" : "\x1f\x8b\x08");
        buffer_append(&file, data, size);
        unpack(&file, piece, &text);
    }
    return 0;
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "Adults take ten milligrams twice a day with food, twice a day with food, twice a day, for as long as the symptoms last.",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab",
    "\x01\x01\x01\x01\x01\x01\x4b\x4c\x4a\x4e\x49\x4d\x4b\xcf",
    "x",
    NULL,
};
