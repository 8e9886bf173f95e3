/* SPDX-License-Identifier: Apache-2.0
 * SPLIT_ELEMENTS: cuts named elements out of an XML stream of any size by looking at its bytes; see split.h.
 *
 * The scanner hops from '<' to '<' with memchr and knows just enough XML to hop well: comments, CDATA sections and
 * processing instructions are stepped over, attribute values may hold '>'. Nothing is decoded or checked here: that is
 * the parser's work, on one record at a time. */
#include "scrapers/formats/split.h"

#include <string.h>

#define CHUNK ((gsize)256 << 10)
#define MARKUP_LIMIT ((gsize)1 << 20) /* a longer comment is taken for a stray "<!--" */
#define NAME_LIMIT 64

typedef enum { SKIP_COMMENT, SKIP_CDATA, SKIP_INSTRUCTION, SKIP_KINDS } SkipKind;

static const struct {
    const char *open, *close;
} skips[SKIP_KINDS] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};

struct ElementScanner {
    InputStream *stream;
    char *place;
    const char *const *elements;
    char *data; /* bytes [base, base + end) of the stream */
    gsize end, capacity;
    gsize at;            /* scanned up to here */
    guint64 base;
    gboolean ended;
    const char *open;    /* name of the element that we are in, or NULL */
    guint64 open_offset; /* where its start tag began */
    gboolean dropping;   /* it passed RECORD_LIMIT: its bytes are not kept */
    guint64 unclosed[SKIP_KINDS]; /* no end mark of this kind begins before this offset */
    guint64 count;
};

ElementScanner *element_scanner_new(InputStream *stream, const char *place, const char *const *elements,
                                    const char *head, gsize head_length)
{
    ElementScanner *scanner = g_new0(ElementScanner, 1);
    scanner->stream = stream;
    scanner->place = g_strdup(place);
    scanner->elements = elements;
    scanner->capacity = MAX(2 * CHUNK, head_length + CHUNK);
    scanner->data = g_malloc(scanner->capacity);
    if (head_length)
        memcpy(scanner->data, head, head_length);
    scanner->end = head_length;
    return scanner;
}

void element_scanner_free(ElementScanner *scanner)
{
    if (!scanner)
        return;
    g_free(scanner->place);
    g_free(scanner->data);
    g_free(scanner);
}

guint64 element_scanner_count(const ElementScanner *scanner)
{
    return scanner->count;
}

/* Forgets what lies before `keep` (an index into data). */
static void scanner_discard(ElementScanner *scanner, gsize keep)
{
    memmove(scanner->data, scanner->data + keep, scanner->end - keep);
    scanner->base += keep;
    scanner->end -= keep;
    scanner->at -= keep;
}

/* Reads one more chunk; bytes that belong to no record, or to one too large, make room for it. FALSE on error. */
static gboolean scanner_fill(ElementScanner *scanner, GError **error)
{
    gboolean keep_element = scanner->open && !scanner->dropping;
    gsize keep = keep_element ? (gsize)(scanner->open_offset - scanner->base) : scanner->at;
    if (keep_element && scanner->at - keep > RECORD_LIMIT) {
        scanner->dropping = TRUE;
        keep = scanner->at;
    }
    if (scanner->capacity - scanner->end < CHUNK && keep > 0)
        scanner_discard(scanner, keep);
    if (scanner->capacity - scanner->end < CHUNK) {
        scanner->capacity *= 2;
        scanner->data = g_realloc(scanner->data, scanner->capacity);
    }
    gssize got = input_stream_read(scanner->stream, scanner->data + scanner->end, CHUNK, error);
    if (got < 0)
        return FALSE;
    scanner->ended = got == 0;
    scanner->end += (gsize)got;
    return TRUE;
}

/* Makes at least `wanted` bytes visible behind `at`, unless the stream ends before. FALSE on error. */
static gboolean scanner_need(ElementScanner *scanner, gsize wanted, GError **error)
{
    while (scanner->end - scanner->at < wanted && !scanner->ended)
        if (!scanner_fill(scanner, error))
            return FALSE;
    return TRUE;
}

static gboolean scanner_sees(const ElementScanner *scanner, const char *text)
{
    gsize length = strlen(text);
    return scanner->end - scanner->at >= length && memcmp(scanner->data + scanner->at, text, length) == 0;
}

/* Steps over a comment or its like at `at`. One that does not close within MARKUP_LIMIT is no comment: only its first
 * byte is stepped over, and `unclosed` remembers how far was looked, so that many of them cost one look. */
static gboolean scanner_skip(ElementScanner *scanner, SkipKind kind, GError **error)
{
    gsize opening = strlen(skips[kind].open), closing = strlen(skips[kind].close);
    gsize looked = opening;
    for (;;) {
        guint64 known = scanner->unclosed[kind];
        guint64 here = scanner->base + scanner->at;
        if (known > here + looked)
            looked = MIN((gsize)(known - here), scanner->end - scanner->at);
        const char *from = scanner->data + scanner->at + looked;
        gsize available = scanner->end - scanner->at - looked;
        const char *found = memmem(from, available, skips[kind].close, closing);
        if (found) {
            scanner->at = (gsize)(found - scanner->data) + closing;
            return TRUE;
        }
        gsize tail = MIN(available, closing - 1);
        looked = scanner->end - scanner->at - tail;
        scanner->unclosed[kind] = MAX(known, here + looked);
        if (scanner->ended || looked > MARKUP_LIMIT) {
            scanner->at++;
            return TRUE;
        }
        if (!scanner_fill(scanner, error))
            return FALSE;
    }
}

/* The element whose name stands at `offset` behind `at`, or NULL. */
static const char *scanner_match(const ElementScanner *scanner, gsize offset)
{
    const char *name = scanner->data + scanner->at + offset;
    gsize available = scanner->end - scanner->at - offset;
    for (const char *const *element = scanner->elements; *element; element++) {
        gsize length = strlen(*element);
        if (available > length && *name == **element && memcmp(name, *element, length) == 0 &&
            (g_ascii_isspace(name[length]) || name[length] == '>' || name[length] == '/'))
            return *element;
    }
    return NULL;
}

/* Steps over the tag at `at`. *empty says whether it closes itself. A tag that does not end is stepped into. */
static gboolean scanner_skip_tag(ElementScanner *scanner, gboolean *empty, GError **error)
{
    char quote = 0;
    *empty = FALSE;
    for (gsize i = 1; i < MARKUP_LIMIT; i++) {
        if (scanner->at + i >= scanner->end) {
            if (!scanner_need(scanner, i + 1, error))
                return FALSE;
            if (scanner->at + i >= scanner->end)
                break;
        }
        char byte = scanner->data[scanner->at + i];
        if (quote) {
            quote = byte == quote ? 0 : quote;
        } else if (byte == '"' || byte == '\'') {
            quote = byte;
        } else if (byte == '>') {
            *empty = scanner->data[scanner->at + i - 1] == '/';
            scanner->at += i + 1;
            return TRUE;
        }
    }
    scanner->at++;
    return TRUE;
}

/* Ends the open element at `at` and fills the record. */
static void scanner_emit(ElementScanner *scanner, Record *record, gboolean left_open)
{
    record->origin = g_strdup_printf("%s@%" G_GUINT64_FORMAT, scanner->place, scanner->open_offset);
    guint64 length = scanner->base + scanner->at - scanner->open_offset;
    gboolean too_large = scanner->dropping || length > RECORD_LIMIT;
    record->length = too_large ? 0 : (gsize)length;
    record->bytes = g_malloc(record->length + 1);
    if (record->length)
        memcpy(record->bytes, scanner->data + (scanner->open_offset - scanner->base), record->length);
    record->bytes[record->length] = '\0';
    if (too_large) {
        record->rule = RULE_TOO_LARGE;
        record->detail = g_strdup_printf("<%s> has %" G_GUINT64_FORMAT " bytes; a record may have %" G_GSIZE_FORMAT,
                                         scanner->open, length, RECORD_LIMIT);
    } else if (left_open) {
        record->rule = RULE_DAMAGED_INPUT;
        record->detail = g_strdup_printf("<%s> is not closed before byte %" G_GUINT64_FORMAT, scanner->open,
                                         scanner->base + scanner->at);
    }
    scanner->open = NULL;
    scanner->dropping = FALSE;
    scanner->count++;
}

/* Handles a tag at `at`. 1: a record is complete, 0: go on, -1: error. */
static int scanner_tag(ElementScanner *scanner, Record *record, GError **error)
{
    gboolean empty;
    gboolean closing = scanner->data[scanner->at + 1] == '/';
    const char *name = scanner_match(scanner, closing ? 2 : 1);
    if (!name || (closing && name != scanner->open)) {
        scanner->at++;
        return 0;
    }
    if (closing) {
        if (!scanner_skip_tag(scanner, &empty, error))
            return -1;
        scanner_emit(scanner, record, FALSE);
        return 1;
    }
    if (scanner->open) {
        scanner_emit(scanner, record, TRUE);
        return 1;
    }
    scanner->open = name;
    scanner->open_offset = scanner->base + scanner->at;
    if (!scanner_skip_tag(scanner, &empty, error))
        return -1;
    if (!empty)
        return 0;
    scanner_emit(scanner, record, FALSE);
    return 1;
}

/* Handles the '<' at `at`. 1: a record is complete, 0: go on, -1: error. */
static int scanner_markup(ElementScanner *scanner, Record *record, GError **error)
{
    if (!scanner_need(scanner, NAME_LIMIT, error))
        return -1;
    char second = scanner->end - scanner->at > 1 ? scanner->data[scanner->at + 1] : 0;
    if (second == '!' || second == '?')
        for (int kind = 0; kind < SKIP_KINDS; kind++)
            if (scanner_sees(scanner, skips[kind].open))
                return scanner_skip(scanner, (SkipKind)kind, error) ? 0 : -1;
    if (second == '/' || g_ascii_isalpha(second))
        return scanner_tag(scanner, record, error);
    scanner->at++;
    return 0;
}

int element_scanner_next(ElementScanner *scanner, Record *record, GError **error)
{
    for (;;) {
        const char *begin = scanner->data + scanner->at;
        const char *less = scanner->end > scanner->at ? memchr(begin, '<', scanner->end - scanner->at) : NULL;
        scanner->at = less ? (gsize)(less - scanner->data) : scanner->end;
        if (less) {
            int got = scanner_markup(scanner, record, error);
            if (got != 0)
                return got;
        } else if (scanner->ended) {
            if (!scanner->open)
                return 0;
            scanner_emit(scanner, record, TRUE);
            return 1;
        } else if (!scanner_fill(scanner, error)) {
            return -1;
        }
    }
}
