/* SPDX-License-Identifier: Apache-2.0
 * SPLIT_ELEMENTS: cuts named elements out of an XML stream of any size by looking at its bytes; see split.h.
 *
 * The scanner hops from '<' to '<' with memchr and knows just enough XML to hop well: comments, CDATA sections and
 * processing instructions are stepped over, attribute values may hold '>'. Nothing is decoded or checked here: that is
 * the parser's work, on one record at a time. */
#include "scrapers/formats/split.h"

#include <string.h>

#include "base/error.h"

#define CHUNK ((gsize)256 << 10)
#define MARKUP_LIMIT ((gsize)1 << 20) /* a longer comment is taken for a stray "<!--" */
#define NAME_LIMIT 64
#define DECLARATION_LIMIT 512

typedef enum { SKIP_COMMENT, SKIP_CDATA, SKIP_INSTRUCTION, SKIP_KINDS } SkipKind;

static const struct {
    const char *open, *close;
} skips[SKIP_KINDS] = {{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}};

typedef struct Mark {
    const char *name;
    gsize length;
} Mark;

struct ElementScanner {
    InputStream *stream;
    char *place;
    Mark elements[SPLIT_ELEMENTS_LIMIT + 1]; /* ended by a NULL name */
    guint8 interesting[256]; /* what may stand behind "<" or "</" where a mark begins */
    char *content_type; /* of the records, where the file's encoding is to be told; or NULL */
    char *data; /* bytes [base, base + end) of the stream */
    gsize end, capacity;
    gsize at;            /* scanned up to here */
    guint64 base;
    gboolean ended;
    guint64 counted, newlines; /* line breaks in the bytes before the offset `counted` */
    const char *open;    /* name of the element that we are in, or NULL */
    guint64 open_offset; /* where its start tag began */
    guint64 open_line;   /* and on which line */
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
    for (gsize i = 0; elements[i]; i++) {
        g_assert(i < SPLIT_ELEMENTS_LIMIT);
        scanner->elements[i] = (Mark){elements[i], strlen(elements[i])};
        scanner->interesting[(guchar)*elements[i]] = TRUE;
    }
    scanner->interesting['!'] = scanner->interesting['?'] = TRUE;
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
    g_free(scanner->content_type);
    g_free(scanner->data);
    g_free(scanner);
}

guint64 element_scanner_count(const ElementScanner *scanner)
{
    return scanner->count;
}

/* In blocks whose counts fit a byte, so that a compiler counts many bytes at once. */
static guint64 count_newlines(const char *bytes, gsize length)
{
    guint64 count = 0;
    for (; length >= 128; length -= 128, bytes += 128) {
        guint8 block = 0;
        for (int i = 0; i < 128; i++)
            block = (guint8)(block + (bytes[i] == '\n'));
        count += block;
    }
    for (gsize i = 0; i < length; i++)
        count += bytes[i] == '\n';
    return count;
}

/* Counts the line breaks before `offset` of the stream, which is not before what was counted. */
static void scanner_count_lines(ElementScanner *scanner, guint64 offset)
{
    scanner->newlines += count_newlines(scanner->data + (scanner->counted - scanner->base), (gsize)(offset - scanner->counted));
    scanner->counted = offset;
}

/* Forgets what lies before `keep` (an index into data). */
static void scanner_discard(ElementScanner *scanner, gsize keep)
{
    if (scanner->counted < scanner->base + keep)
        scanner_count_lines(scanner, scanner->base + keep);
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
    for (const Mark *element = scanner->elements; element->name; element++) {
        gsize length = element->length;
        if (available > length && *name == *element->name && memcmp(name, element->name, length) == 0 &&
            (g_ascii_isspace(name[length]) || name[length] == '>' || name[length] == '/'))
            return element->name;
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
    record->line = scanner->open_line;
    record->content_type = g_strdup(scanner->content_type);
    guint64 length = scanner->base + scanner->at - scanner->open_offset;
    gboolean too_large = scanner->dropping || length > RECORD_LIMIT;
    record->length = too_large ? 0 : (gsize)length;
    record->bytes = g_malloc(record->length + 1);
    if (record->length)
        memcpy(record->bytes, scanner->data + (scanner->open_offset - scanner->base), record->length);
    record->bytes[record->length] = '\0';
    if (too_large) {
        record->rule = RULE_TOO_LARGE;
        record->detail = g_strdup_printf("<%s> on line %" G_GUINT64_FORMAT " has %" G_GUINT64_FORMAT " bytes; a record may have %" G_GSIZE_FORMAT,
                                         scanner->open, scanner->open_line, length, RECORD_LIMIT);
    } else if (left_open) {
        record->rule = RULE_DAMAGED_INPUT;
        record->detail = g_strdup_printf("<%s>, opened on line %" G_GUINT64_FORMAT ", is not closed before byte %" G_GUINT64_FORMAT,
                                         scanner->open, scanner->open_line, scanner->base + scanner->at);
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
    scanner_count_lines(scanner, scanner->open_offset);
    scanner->open_line = scanner->newlines + 1;
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

/* The value of `encoding` in the XML declaration, or NULL; g_free. */
static char *declared_encoding(const char *bytes, gsize length)
{
    const char *end = length > 5 && memcmp(bytes, "<?xml", 5) == 0 ? memmem(bytes, MIN(length, DECLARATION_LIMIT), "?>", 2) : NULL;
    const char *at = end ? memmem(bytes, (gsize)(end - bytes), "encoding", strlen("encoding")) : NULL;
    if (!at)
        return NULL;
    at += strlen("encoding");
    while (at < end && (g_ascii_isspace(*at) || *at == '='))
        at++;
    const char *close = at < end ? memchr(at + 1, *at, (gsize)(end - at - 1)) : NULL;
    return close ? g_strndup(at + 1, (gsize)(close - at - 1)) : NULL;
}

/* Looks at the beginning of the stream: FALSE if nothing can be cut from such a file. */
static gboolean scanner_begin(ElementScanner *scanner, GError **error)
{
    if (!scanner_need(scanner, DECLARATION_LIMIT, error))
        return FALSE;
    const char *bytes = scanner->data;
    if (scanner->end >= 4 && (memcmp(bytes, "\xfe\xff", 2) == 0 || memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "<\0?", 3) == 0 ||
                              memcmp(bytes, "\0<\0", 3) == 0)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s: the file is in UTF-16; convert it to UTF-8", scanner->place);
        return FALSE;
    }
    gsize mark = scanner->end >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    g_autofree char *encoding = declared_encoding(bytes + mark, scanner->end - mark);
    static const char *const usual[] = {"UTF-8", "UTF8", "US-ASCII", "ASCII"};
    for (gsize i = 0; encoding && i < G_N_ELEMENTS(usual); i++)
        if (g_ascii_strcasecmp(encoding, usual[i]) == 0)
            return TRUE;
    if (encoding)
        scanner->content_type = g_strconcat("text/xml; charset=", encoding, NULL);
    return TRUE;
}

/* Whether nothing but an uninteresting tag begins at this '<', as most do. */
static gboolean scanner_passes(const ElementScanner *scanner, const char *less)
{
    if (scanner->data + scanner->end - less < NAME_LIMIT)
        return FALSE;
    return !scanner->interesting[(guchar)(less[1] == '/' ? less[2] : less[1])];
}

int element_scanner_next(ElementScanner *scanner, Record *record, GError **error)
{
    if (scanner->base + scanner->at == 0 && !scanner_begin(scanner, error))
        return -1;
    for (;;) {
        const char *begin = scanner->data + scanner->at;
        const char *less = scanner->end > scanner->at ? memchr(begin, '<', scanner->end - scanner->at) : NULL;
        while (less && scanner_passes(scanner, less))
            less = memchr(less + 1, '<', (gsize)(scanner->data + scanner->end - less - 1));
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
