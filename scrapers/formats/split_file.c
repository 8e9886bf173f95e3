/* SPDX-License-Identifier: Apache-2.0
 * SPLIT_FILE: a record is a file or an archive member, or one of many elements of a collection file; see split.h. */
#include "scrapers/formats/split.h"

#include <string.h>

#define HEAD ((gsize)64 << 10)

typedef struct FileSplitter {
    InputStream *stream;
    char *path;
    const Format *format;
    ElementScanner *scanner; /* of the collection that is being cut, or NULL */
    char *place;             /* "PATH" or "PATH#MEMBER" of the current file */
} FileSplitter;

static gboolean member_is_record(const Format *format, const char *name)
{
    if (!format->suffixes || *name == '\0')
        return TRUE;
    const char *base = strrchr(name, '/');
    base = base ? base + 1 : name;
    if (g_str_has_prefix(base, "._")) /* what macOS adds to archives */
        return FALSE;
    for (const char *const *suffix = format->suffixes; *suffix; suffix++) {
        gsize length = strlen(base), end = strlen(*suffix);
        if (length > end && g_ascii_strcasecmp(base + length - end, *suffix) == 0)
            return TRUE;
    }
    return FALSE;
}

/* The next file that is a record, or is refused, with `place` set. */
static int file_splitter_advance(FileSplitter *splitter, GError **error)
{
    const char *name;
    int got;
    do {
        if ((got = input_stream_next_member(splitter->stream, &name, error)) <= 0)
            return got;
    } while (!input_stream_refusal(splitter->stream) && !member_is_record(splitter->format, name));
    g_free(splitter->place);
    splitter->place = *name ? g_strdup_printf("%s#%s", splitter->path, name) : g_strdup(splitter->path);
    return 1;
}

/* Reads until `bytes` holds `limit` bytes or the file ends. */
static gboolean file_splitter_read(FileSplitter *splitter, Buffer *bytes, gsize limit, GError **error)
{
    while (bytes->length < limit) {
        gsize wanted = MIN(limit - bytes->length, MAX(HEAD, bytes->length));
        if (!buffer_reserve(bytes, wanted))
            break;
        gssize got = input_stream_read(splitter->stream, bytes->data + bytes->length, wanted, error);
        if (got < 0)
            return FALSE;
        if (got == 0)
            break;
        bytes->length += (gsize)got;
        bytes->data[bytes->length] = '\0';
    }
    return TRUE;
}

static gboolean is_tag_of(const char *at, gsize left, const char *const *names)
{
    for (; *names; names++) {
        gsize size = strlen(*names);
        if (left > size + 1 && memcmp(at + 1, *names, size) == 0 && (g_ascii_isspace(at[size + 1]) || at[size + 1] == '>'))
            return TRUE;
    }
    return FALSE;
}

/* Whether the first element of an XML text has one of these names. */
static gboolean root_is_one_of(const char *text, gsize length, const char *const *names)
{
    const char *at = text, *end = text + length;
    while ((at = memchr(at, '<', (gsize)(end - at)))) {
        gsize left = (gsize)(end - at);
        if (left > 4 && memcmp(at, "<!--", 4) == 0) {
            const char *close = memmem(at + 4, left - 4, "-->", 3);
            if (!close)
                return FALSE;
            at = close + 3;
        } else if (left > 1 && (at[1] == '!' || at[1] == '?')) {
            at++;
        } else {
            return is_tag_of(at, left, names);
        }
    }
    return FALSE;
}

static void record_bad(Record *record, const char *rule, const char *place, const char *detail)
{
    record->bytes = g_strdup("");
    record->origin = g_strdup(place);
    record->rule = rule;
    record->detail = g_strdup(detail);
}

/* The next element of the open collection; 0 when it is through. */
static int file_splitter_element(FileSplitter *splitter, Record *record, GError **error)
{
    int got = element_scanner_next(splitter->scanner, record, error);
    if (got != 0)
        return got;
    guint64 count = element_scanner_count(splitter->scanner);
    g_clear_pointer(&splitter->scanner, element_scanner_free);
    if (count > 0)
        return 0;
    record_bad(record, RULE_NOT_A_DOCUMENT, splitter->place, "the collection holds no document");
    return 1;
}

static int file_splitter_whole(FileSplitter *splitter, Buffer *bytes, Record *record, GError **error)
{
    if (!file_splitter_read(splitter, bytes, RECORD_LIMIT + 1, error))
        return -1;
    record->origin = g_strdup(splitter->place);
    if (bytes->length > RECORD_LIMIT) {
        record->bytes = g_strdup("");
        record->rule = RULE_TOO_LARGE;
        record->detail = g_strdup_printf("the file has more than %" G_GSIZE_FORMAT " bytes", RECORD_LIMIT);
        return 1;
    }
    record->bytes = buffer_steal(bytes, &record->length);
    return 1;
}

static int file_splitter_next(gpointer state, Record *record, GError **error)
{
    FileSplitter *splitter = state;
    for (;;) {
        int got;
        if (splitter->scanner) {
            if ((got = file_splitter_element(splitter, record, error)) != 0)
                return got;
            continue;
        }
        if ((got = file_splitter_advance(splitter, error)) <= 0)
            return got;
        const char *refusal = input_stream_refusal(splitter->stream);
        if (refusal) {
            record_bad(record, RULE_DAMAGED_INPUT, splitter->place, refusal);
            return 1;
        }
        g_auto(Buffer) bytes;
        buffer_init(&bytes, RECORD_LIMIT + 2);
        if (!file_splitter_read(splitter, &bytes, HEAD, error))
            return -1;
        const char *const *collections = splitter->format->collections;
        if (!collections || !root_is_one_of(bytes.data ? bytes.data : "", bytes.length, collections))
            return file_splitter_whole(splitter, &bytes, record, error);
        splitter->scanner = element_scanner_new(splitter->stream, splitter->place, splitter->format->elements,
                                                bytes.data, bytes.length);
    }
}

static void file_splitter_free(gpointer state)
{
    FileSplitter *splitter = state;
    element_scanner_free(splitter->scanner);
    g_free(splitter->path);
    g_free(splitter->place);
    g_free(splitter);
}

Splitter split_file_new(InputStream *stream, const char *path, const Format *format)
{
    FileSplitter *splitter = g_new0(FileSplitter, 1);
    splitter->stream = stream;
    splitter->path = g_strdup(path);
    splitter->format = format;
    return (Splitter){splitter, file_splitter_next, file_splitter_free};
}
