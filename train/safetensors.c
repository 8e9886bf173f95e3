/* SPDX-License-Identifier: Apache-2.0
 * Reading and writing of safetensors files; see train/safetensors.h. */
#include "train/safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#if G_BYTE_ORDER != G_LITTLE_ENDIAN
#error "safetensors are little-endian, and this file copies numbers as they are"
#endif

#define HEADER_LIMIT (100 * 1000 * 1000) /* that of the reference implementation */

typedef struct ByteRange {
    const char *name;
    guint64 begin, end;
} ByteRange;

static gsize entry_bytes(const SafetensorsEntry *entry)
{
    return entry->rows * MAX(entry->columns, 1) * sizeof(real);
}

static char *make_header(const SafetensorsEntry *entries, gsize count, gsize *length)
{
    g_autoptr(json_t) header = json_pack("{s:{s:s}}", "__metadata__", "format", "pt");
    guint64 at = 0;
    for (gsize i = 0; i < count; i++) {
        const SafetensorsEntry *entry = &entries[i];
        json_t *shape = json_pack("[I]", (json_int_t)entry->rows);
        if (entry->columns)
            json_array_append_new(shape, json_integer((json_int_t)entry->columns));
        guint64 end = at + entry_bytes(entry);
        json_object_set_new(header, entry->name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", REAL_DTYPE, "shape", shape, "data_offsets",
                                      (json_int_t)at, (json_int_t)end));
        at = end;
    }
    g_autofree char *text = json_write(header);
    gsize used = strlen(text);
    *length = (used + 7) / 8 * 8;
    char *padded = g_malloc(*length);
    memset(padded, ' ', *length);
    memcpy(padded, text, used);
    return padded;
}

static gboolean put(FILE *file, Sha256Context *sum, const void *data, gsize length)
{
    sha256_update(sum, data, length);
    return fwrite(data, 1, length, file) == length;
}

static gboolean put_all(FILE *file, const SafetensorsEntry *entries, gsize count, Sha256 *digest)
{
    g_autoptr(Sha256Context) sum = sha256_new();
    gsize length;
    g_autofree char *header = make_header(entries, count, &length);
    guint64 prefix = length;
    gboolean good = put(file, sum, &prefix, sizeof prefix) && put(file, sum, header, length);
    for (gsize i = 0; good && i < count; i++)
        good = put(file, sum, entries[i].data, entry_bytes(&entries[i]));
    *digest = sha256_finish(sum);
    return good && fflush(file) == 0 && fsync(fileno(file)) == 0;
}

gboolean safetensors_write(const char *path, const SafetensorsEntry *entries, gsize count, Sha256 *digest,
                           GError **error)
{
    FILE *file = fopen(path, "wbe");
    if (!file) {
        galen_error_set_errno(error, errno, "cannot create %s", path);
        return FALSE;
    }
    gboolean good = put_all(file, entries, count, digest);
    int saved = errno;
    if (fclose(file) != 0 && good) {
        good = FALSE;
        saved = errno;
    }
    if (!good)
        galen_error_set_errno(error, saved, "cannot write %s", path);
    return good;
}

static gboolean fail(GError **error, const char *what, const char *name, const char *reason)
{
    if (name)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: tensor \"%.80s\" %s", what, name, reason);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: %s", what, reason);
    return FALSE;
}

static gboolean read_range(const json_t *tensor, const char *name, guint64 data_length, ByteRange *range)
{
    const json_t *offsets = json_object_get(tensor, "data_offsets");
    const json_t *begin = json_array_get(offsets, 0), *end = json_array_get(offsets, 1);
    if (!json_get_string(tensor, "dtype") || !json_is_array(json_object_get(tensor, "shape")) ||
        json_array_size(offsets) != 2 || !json_is_integer(begin) || !json_is_integer(end))
        return FALSE;
    if (json_integer_value(begin) < 0 || json_integer_value(end) < json_integer_value(begin) ||
        (guint64)json_integer_value(end) > data_length)
        return FALSE;
    *range = (ByteRange){name, (guint64)json_integer_value(begin), (guint64)json_integer_value(end)};
    return TRUE;
}

static int compare_ranges(gconstpointer a, gconstpointer b)
{
    const ByteRange *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static gboolean check_ranges(GArray *ranges, guint64 data_length, const char *what, GError **error)
{
    g_array_sort(ranges, compare_ranges);
    guint64 at = 0;
    for (guint i = 0; i < ranges->len; i++) {
        const ByteRange *range = &g_array_index(ranges, ByteRange, i);
        if (range->begin != at)
            return fail(error, what, range->name, "does not begin where the one before it ends");
        at = range->end;
    }
    return at == data_length ||
           fail(error, what, NULL, "the bytes behind the header are more than the tensors have; the file is damaged");
}

json_t *safetensors_parse_header(const char *text, gsize length, guint64 data_length, const char *what, GError **error)
{
    g_autoptr(json_t) header = json_parse(text, length, what, error);
    if (!header)
        return NULL;
    if (!json_is_object(header)) {
        fail(error, what, NULL, "the header is no JSON object");
        return NULL;
    }
    g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(ByteRange));
    const char *name;
    json_t *tensor;
    json_object_foreach (header, name, tensor) {
        ByteRange range;
        if (g_str_equal(name, "__metadata__"))
            continue;
        if (!read_range(tensor, name, data_length, &range)) {
            fail(error, what, name, "has no dtype, shape and data_offsets that lie inside the file");
            return NULL;
        }
        g_array_append_val(ranges, range);
    }
    if (!check_ranges(ranges, data_length, what, error))
        return NULL;
    return g_steal_pointer(&header);
}

static json_t *load_header(FILE *file, const char *path, guint64 *data_at, GError **error)
{
    guint64 length;
    struct stat status;
    if (fstat(fileno(file), &status) < 0) {
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return NULL;
    }
    guint64 size = (guint64)status.st_size;
    if (fread(&length, 1, sizeof length, file) != sizeof length || length > HEADER_LIMIT ||
        length > size - sizeof length) {
        fail(error, path, NULL, "not a safetensors file: it does not begin with the length of a header");
        return NULL;
    }
    g_autofree char *text = g_malloc(length + 1);
    if (fread(text, 1, length, file) != length) {
        galen_error_set_errno(error, errno, "cannot read %s", path);
        return NULL;
    }
    *data_at = sizeof length + length;
    return safetensors_parse_header(text, length, size - *data_at, path, error);
}

static gboolean shape_is(const json_t *shape, const SafetensorsEntry *entry)
{
    gsize dimensions = entry->columns ? 2 : 1;
    return json_array_size(shape) == dimensions &&
           json_integer_value(json_array_get(shape, 0)) == (json_int_t)entry->rows &&
           (dimensions == 1 || json_integer_value(json_array_get(shape, 1)) == (json_int_t)entry->columns);
}

static gboolean load_entry(FILE *file, const char *path, const json_t *header, guint64 data_at,
                           const SafetensorsEntry *entry, GError **error)
{
    const json_t *tensor = json_object_get(header, entry->name);
    ByteRange range;
    if (!tensor || !read_range(tensor, entry->name, G_MAXINT64, &range))
        return fail(error, path, entry->name, "is missing");
    if (!g_str_equal(json_get_string(tensor, "dtype"), REAL_DTYPE))
        return fail(error, path, entry->name, "is not of type " REAL_DTYPE ", the only one that this version reads");
    if (!shape_is(json_object_get(tensor, "shape"), entry) || range.end - range.begin != entry_bytes(entry))
        return fail(error, path, entry->name, "has not the shape that config.json asks for");
    gsize bytes = entry_bytes(entry);
    if (fseeko(file, (off_t)(data_at + range.begin), SEEK_SET) == 0 && fread(entry->data, 1, bytes, file) == bytes)
        return TRUE;
    galen_error_set_errno(error, errno, "cannot read %s", path);
    return FALSE;
}

static gboolean check_digest(FILE *file, const char *path, const Sha256 *expected, GError **error)
{
    g_autoptr(Sha256Context) sum = sha256_new();
    g_autofree char *chunk = g_malloc(1 << 20);
    gsize got;
    rewind(file);
    while ((got = fread(chunk, 1, 1 << 20, file)) > 0)
        sha256_update(sum, chunk, got);
    Sha256 digest = sha256_finish(sum);
    rewind(file);
    return memcmp(&digest, expected, sizeof digest) == 0 ||
           fail(error, path, NULL,
                "the file is damaged: its SHA-256 is not the one in state.json; remove this checkpoint");
}

gboolean safetensors_read(const char *path, const SafetensorsEntry *entries, gsize count, const Sha256 *expected,
                          GError **error)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        galen_error_set_errno(error, errno, "cannot open %s", path);
        return FALSE;
    }
    guint64 data_at = 0;
    gboolean good = !expected || check_digest(file, path, expected, error);
    g_autoptr(json_t) header = good ? load_header(file, path, &data_at, error) : NULL;
    good = header != NULL;
    for (gsize i = 0; good && i < count; i++)
        good = load_entry(file, path, header, data_at, &entries[i], error);
    fclose(file);
    return good;
}
