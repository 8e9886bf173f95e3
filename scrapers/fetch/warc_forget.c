/* SPDX-License-Identifier: Apache-2.0
 * A WARC file without some of its captures; see scrapers/fetch/warc_forget.h. */
#include "scrapers/fetch/warc_forget.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

#define CHUNK 65536
#define HEADERS_LIMIT 65536 /* of a record's own headers, which come first */
#define DONE_LIMIT 65536
#define TARGET "WARC-Target-URI:"

typedef struct Copy {
    const char *path;
    FILE *in, *out;
    guint64 start, end; /* of the member at hand */
    z_stream inflater;
    guint8 bytes[CHUNK];
    GString *headers;
    gboolean ended; /* no bytes are left to inflate */
} Copy;

static gboolean set_failed(const Copy *copy, const char *doing, GError **error)
{
    galen_error_set_errno(error, errno, "cannot %s %s", doing, copy->path);
    return FALSE;
}

static gboolean refill(Copy *copy, GError **error)
{
    if (copy->inflater.avail_in)
        return TRUE;
    gsize got = fread(copy->bytes, 1, CHUNK, copy->in);
    if (got == 0 && ferror(copy->in))
        return set_failed(copy, "read", error);
    copy->inflater.next_in = copy->bytes;
    copy->inflater.avail_in = (uInt)got;
    copy->ended = got == 0;
    return TRUE;
}

/* The beginning of the next member's content goes to `headers`. FALSE without error: there is none. */
static gboolean next_member(Copy *copy, GError **error)
{
    guint8 out[CHUNK];
    int status = Z_OK;
    copy->start = copy->end;
    g_string_truncate(copy->headers, 0);
    inflateReset(&copy->inflater);
    if (!refill(copy, error) || copy->ended)
        return FALSE;
    while (status != Z_STREAM_END) {
        if (!refill(copy, error))
            return FALSE;
        guint before = copy->inflater.avail_in;
        copy->inflater.next_out = out;
        copy->inflater.avail_out = sizeof out;
        status = inflate(&copy->inflater, Z_NO_FLUSH);
        copy->end += before - copy->inflater.avail_in;
        gsize made = sizeof out - copy->inflater.avail_out;
        g_string_append_len(copy->headers, (const char *)out, (gssize)MIN(made, HEADERS_LIMIT - copy->headers->len));
        if (copy->ended || (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: the record at byte %" G_GUINT64_FORMAT " is damaged; run 'galen audit'",
                        copy->path, copy->start);
            return FALSE;
        }
    }
    return TRUE;
}

/* NULL: the record is of no address. */
static char *target_of(const GString *headers)
{
    const char *end = strstr(headers->str, "\r\n\r\n"), *line = headers->str;
    while (line && (!end || line < end)) {
        if (g_ascii_strncasecmp(line, TARGET, strlen(TARGET)) == 0)
            return g_strstrip(g_strndup(line + strlen(TARGET), strcspn(line + strlen(TARGET), "\r\n")));
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

/* The member as it lies in the file, by a handle of its own. */
static gboolean copy_member(Copy *copy, FILE *from, GError **error)
{
    guint8 bytes[CHUNK];
    if (fseeko(from, (off_t)copy->start, SEEK_SET) < 0)
        return set_failed(copy, "read", error);
    for (guint64 left = copy->end - copy->start; left > 0;) {
        gsize got = fread(bytes, 1, (gsize)MIN(left, (guint64)CHUNK), from);
        if (got == 0 || fwrite(bytes, 1, got, copy->out) != got)
            return set_failed(copy, "copy", error);
        left -= got;
    }
    return TRUE;
}

static gboolean copy_members(Copy *copy, FILE *from, gboolean (*is_out)(gpointer user, const char *url), gpointer user, guint64 *records,
                             GError **error)
{
    GError *failure = NULL;
    while (next_member(copy, &failure)) {
        g_autofree char *url = target_of(copy->headers);
        if (url && is_out(user, url))
            (*records)++;
        else if (!copy_member(copy, from, error))
            return FALSE;
    }
    if (failure)
        g_propagate_error(error, failure);
    return failure == NULL;
}

/* On disk before it takes the place of the file. */
static gboolean settle(Copy *copy, const char *fresh, guint64 records, GError **error)
{
    gboolean good = fflush(copy->out) == 0 && fsync(fileno(copy->out)) == 0;
    if (good && records == 0)
        return g_unlink(fresh) == 0;
    return (good && g_rename(fresh, copy->path) == 0) || set_failed(copy, "replace", error);
}

static gboolean copy_file(Copy *copy, const char *fresh, gboolean (*is_out)(gpointer user, const char *url), gpointer user, guint64 *records,
                          GError **error)
{
    FILE *from = fopen(copy->path, "rbe");
    copy->in = fopen(copy->path, "rbe");
    copy->out = fopen(fresh, "wbe");
    gboolean good = (from && copy->in && copy->out) || set_failed(copy, "copy", error);
    good = good && copy_members(copy, from, is_out, user, records, error) && settle(copy, fresh, *records, error);
    if (from)
        fclose(from);
    if (copy->in)
        fclose(copy->in);
    if (copy->out)
        fclose(copy->out);
    if (!good)
        g_unlink(fresh);
    return good;
}

/* What the file says that tells a finished crawl; also after a kill that came between the two. */
static gboolean mend_done(const char *path, GError **error)
{
    g_autofree char *done = g_strconcat(path, ".done", NULL), *text = NULL;
    char hex[SHA256_HEX_SIZE];
    gsize length;
    Sha256 digest;
    guint64 bytes;
    struct stat status;
    if (!g_file_test(done, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!file_read(done, DONE_LIMIT, &text, &length, error) || !file_examine(path, &status, error))
        return FALSE;
    g_autoptr(json_t) object = json_parse(text, length, done, error);
    if (!object || json_integer_value(json_object_get(object, "bytes")) == status.st_size)
        return object != NULL;
    if (!file_sha256(path, NULL, &digest, &bytes, error))
        return FALSE;
    sha256_hex(&digest, hex);
    json_object_set_new(object, "bytes", json_integer((json_int_t)bytes));
    json_object_set_new(object, "sha256", json_string(hex));
    g_autofree char *pretty = json_pretty(object);
    return file_replace(done, pretty, strlen(pretty), error);
}

static void copy_start(Copy *copy, const char *path)
{
    *copy = (Copy){.path = path, .headers = g_string_new(NULL)};
    if (inflateInit2(&copy->inflater, MAX_WBITS + 16) != Z_OK)
        g_error("out of memory");
}

static void copy_end(Copy *copy)
{
    inflateEnd(&copy->inflater);
    g_string_free(copy->headers, TRUE);
}

gboolean warc_forget(const char *path, gboolean (*is_out)(gpointer user, const char *url), gpointer user, guint64 *records, GError **error)
{
    Copy copy;
    g_autofree char *fresh = g_strconcat(path, ".tmp.forget", NULL);
    *records = 0;
    copy_start(&copy, path);
    gboolean good = copy_file(&copy, fresh, is_out, user, records, error) && mend_done(path, error);
    copy_end(&copy);
    return good;
}

gboolean warc_forget_check(const char *path, gboolean (*is_out)(gpointer user, const char *url), gpointer user, GArray *left, GError **error)
{
    Copy copy;
    GError *failure = NULL;
    copy_start(&copy, path);
    copy.in = fopen(path, "rbe");
    gboolean good = copy.in || set_failed(&copy, "read", error);
    while (good && next_member(&copy, &failure)) {
        g_autofree char *url = target_of(copy.headers);
        if (url && is_out(user, url))
            g_array_append_val(left, copy.start);
    }
    if (copy.in)
        fclose(copy.in);
    copy_end(&copy);
    if (failure)
        g_propagate_error(error, failure);
    return good && !failure;
}
