/* SPDX-License-Identifier: Apache-2.0
 * One pass over the bytes of a record; see xml_tape.h.
 *
 * The pass hops from mark to mark ('<', '&', "]]>"), eight bytes at a time in between. Whether the bytes are UTF-8 and
 * free of control characters is looked at before, for the record as a whole. */
#include "scrapers/formats/xml_tape.h"

#include <stdarg.h>
#include <string.h>

#include "scrapers/formats/xml_encoding.h"
#include "scrapers/formats/xml_entities.h"
#include "scrapers/formats/xml_reference.h"

#define INDEX_SIZE 1024
#define ATTRIBUTE_LIMIT 64 /* of one element */
#define REFERENCE_LIMIT 80 /* bytes of the longest name with its marks */
#define ONES 0x0101010101010101ull
#define TOPS 0x8080808080808080ull

enum { NAME = 1, NAME_START = 2, SPACE = 4, WIDE = 8 };

/* What a byte may be in. Bytes of longer characters are looked at again (wide_name_is_good). */
static const guint8 kinds[256] = {
    ['a' ... 'z'] = NAME | NAME_START, ['A' ... 'Z'] = NAME | NAME_START, ['_'] = NAME | NAME_START, [':'] = NAME | NAME_START,
    ['0' ... '9'] = NAME,              ['-'] = NAME,                      ['.'] = NAME,              [0x80 ... 0xff] = NAME | NAME_START | WIDE,
    [' '] = SPACE,                     ['\t'] = SPACE,                    ['\n'] = SPACE,            ['\r'] = SPACE,
};

typedef struct OpenElement {
    const char *name; /* with its prefix */
    gsize size;
    guint32 element; /* on the tape, or TAPE_NONE */
} OpenElement;

typedef struct TapeReader {
    XmlTape *tape;
    const char *at, *end;
    ParseFailure *failure;
    unsigned depth;
    unsigned hidden; /* elements deeper than this leave nothing on the tape; 0: all do */
    gboolean rooted; /* the root's start tag was seen */
    OpenElement open[TAPE_DEPTH_LIMIT];
} TapeReader;

/* ---- Names --------------------------------------------------------------------------------------------------- */

/* Of size, first, middle and last letters: names of one vocabulary rarely share all of them. */
static guint32 name_hash(const char *name, gsize size)
{
    guint32 letters = (guint32)(guchar)name[0] << 24 | (guint32)(guchar)name[size / 2] << 16 | (guint32)(guchar)name[size - 1] << 8 | (guint32)(size & 0xff);
    return letters * 2654435761u >> 22;
}

XmlTape *xml_tape_new(const TapeName *vocabulary, guint32 size)
{
    XmlTape *tape = g_new0(XmlTape, 1);
    g_assert(size <= 200);
    tape->vocabulary = vocabulary;
    tape->vocabulary_size = size;
    tape->index = g_new0(guint8, INDEX_SIZE);
    tape->sizes = g_new(guint8, size);
    for (guint32 i = 0; i < size; i++) {
        tape->sizes[i] = (guint8)strlen(vocabulary[i].name);
        guint32 slot = name_hash(vocabulary[i].name, tape->sizes[i]);
        while (tape->index[slot])
            slot = (slot + 1) % INDEX_SIZE;
        tape->index[slot] = (guint8)(i + 1);
    }
    return tape;
}

static void forget_unknown(XmlTape *tape)
{
    for (guint32 i = 0; i < tape->unknown_count; i++)
        g_free(tape->unknown[i]);
    tape->unknown_count = 0;
}

void xml_tape_free(XmlTape *tape)
{
    if (!tape)
        return;
    forget_unknown(tape);
    g_free(tape->index);
    g_free(tape->sizes);
    g_free(tape->elements);
    g_free(tape);
}

/* Index of a name in the vocabulary, or TAPE_NONE. */
static guint32 tape_find(const XmlTape *tape, const char *name, gsize size)
{
    for (guint32 slot = name_hash(name, size); tape->index[slot]; slot = (slot + 1) % INDEX_SIZE) {
        guint32 known = tape->index[slot] - 1u;
        if (tape->sizes[known] == size && memcmp(tape->vocabulary[known].name, name, size) == 0)
            return known;
    }
    return TAPE_NONE;
}

static void note_unknown(XmlTape *tape, const char *name, gsize size)
{
    if (tape->unknown_count == TAPE_UNKNOWN_LIMIT || size > 100)
        return;
    for (guint32 i = 0; i < tape->unknown_count; i++)
        if (strncmp(tape->unknown[i], name, size) == 0 && tape->unknown[i][size] == '\0')
            return;
    tape->unknown[tape->unknown_count++] = g_strndup(name, size);
}

/* XML 1.0's NameStartChar and NameChar outside of ASCII. */
static gboolean is_name_character(gunichar c, gboolean first)
{
    static const guint32 starts[][2] = {{0xc0, 0xd6}, {0xd8, 0xf6}, {0xf8, 0x2ff}, {0x370, 0x37d}, {0x37f, 0x1fff}, {0x200c, 0x200d},
                                        {0x2070, 0x218f}, {0x2c00, 0x2fef}, {0x3001, 0xd7ff}, {0xf900, 0xfdcf}, {0xfdf0, 0xfffd},
                                        {0x10000, 0xeffff}};
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++)
        if (c >= starts[i][0] && c <= starts[i][1])
            return TRUE;
    return !first && (c == 0xb7 || (c >= 0x300 && c <= 0x36f) || (c >= 0x203f && c <= 0x2040));
}

static gboolean wide_name_is_good(const char *name, const char *end)
{
    for (const char *at = name; at < end; at = g_utf8_next_char(at))
        if ((guchar)*at >= 0x80 && !is_name_character(g_utf8_get_char(at), at == name))
            return FALSE;
    return TRUE;
}

/* Where the name at `name` ends; NULL if there is none. */
static const char *read_name(const char *name)
{
    guint8 first = kinds[(guchar)*name], all = first;
    const char *at = name;
    if (!(first & NAME_START))
        return NULL;
    while (kinds[(guchar)*++at] & NAME)
        all |= kinds[(guchar)*at];
    return all & WIDE && !wide_name_is_good(name, at) ? NULL : at;
}

/* ---- Faults -------------------------------------------------------------------------------------------------- */

static gboolean fault(TapeReader *reader, const char *at, const char *rule, const char *format, ...) G_GNUC_PRINTF(4, 5);

static gboolean fault(TapeReader *reader, const char *at, const char *rule, const char *format, ...)
{
    guint64 line = reader->tape->line;
    for (const char *newline = reader->tape->bytes; (newline = memchr(newline, '\n', (gsize)(at - newline))); newline++)
        line++;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *reason = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    parse_failure_set(reader->failure, rule, "line %" G_GUINT64_FORMAT ": %s", line, reason);
    return FALSE;
}

/* A name for a message: not all of a hostile one. */
static int shown(gsize size)
{
    return (int)MIN(size, 60);
}

/* ---- Characters ---------------------------------------------------------------------------------------------- */

/* Whether 64 bytes hold a control character that XML forbids, or the first byte of U+FFFE and U+FFFF (among others). */
static gboolean block_is_suspicious(const guint8 *bytes)
{
    guint8 found = 0;
    for (int i = 0; i < 64; i++) {
        guint8 c = bytes[i];
        found |= (guint8)((c < 0x20) & (c != '\t') & (c != '\n') & (c != '\r'));
        found |= (guint8)(c == 0xef);
    }
    return found;
}

/* The first character in these bytes that XML forbids, or NULL. */
static const char *forbidden_character(const char *at, const char *end)
{
    for (; at < end; at++) {
        guchar c = (guchar)*at;
        if (c < 0x20 && !(kinds[c] & SPACE))
            return at;
        if (c == 0xef && (guchar)at[1] == 0xbf && ((guchar)at[2] == 0xbe || (guchar)at[2] == 0xbf))
            return at;
    }
    return NULL;
}

static gboolean check_characters(TapeReader *reader)
{
    const char *bytes = reader->tape->bytes, *end = reader->end, *bad = NULL;
    gsize invalid;
    if (!utf8_check(bytes, (gsize)(end - bytes), &invalid))
        return fault(reader, bytes + invalid, RULE_INVALID_UTF8, "bytes that are not UTF-8");
    for (const char *at = bytes; at < end && !bad; at += 64)
        if (end - at < 64 || block_is_suspicious((const guint8 *)at))
            bad = forbidden_character(at, MIN(at + 64, end));
    if (bad)
        return fault(reader, bad, RULE_MALFORMED_XML, "the character U+%04X, which XML forbids", g_utf8_get_char(bad));
    return TRUE;
}

/* ---- References ---------------------------------------------------------------------------------------------- */

/* Bytes of the reference at `at` with its semicolon, and what it stands for; 0 if it stands for nothing. */
static gsize reference_read(const char *at, gsize length, char out[XML_ENTITY_SIZE], gsize *size)
{
    gsize read = xml_reference_number(at, length, out, size);
    if (read)
        return read;
    gsize name = length > 1 ? xml_reference_name(at + 1, length - 1) : 0;
    if (name == 0 || name + 2 > length || at[name + 1] != ';')
        return 0;
    *size = xml_entity_named(at + 1, name, out);
    return *size ? name + 2 : 0;
}

/* Checks the reference at *at and steps over it. */
static gboolean read_reference(TapeReader *reader, const char **at)
{
    char out[XML_ENTITY_SIZE];
    gsize size, length = (gsize)(reader->end - *at), read = reference_read(*at, length, out, &size);
    if (read == 0) {
        gsize shown = 1;
        while (shown < MIN(length, 40) && ((*at)[shown] == '#' || kinds[(guchar)(*at)[shown]] & NAME))
            shown++;
        return fault(reader, *at, RULE_MALFORMED_XML, "unknown entity '%.*s%s'", (int)shown, *at, (*at)[shown] == ';' ? ";" : "");
    }
    *at += read;
    return TRUE;
}

const char *xml_tape_decode(const char *at, Buffer *out)
{
    char text[XML_ENTITY_SIZE];
    gsize size, read = reference_read(at, strnlen(at, REFERENCE_LIMIT), text, &size);
    buffer_append(out, text, size);
    return at + read;
}

/* ---- The pass ------------------------------------------------------------------------------------------------ */

/* The first '<', '&' or ']' at or behind `at`, or `end`. */
static const char *find_mark(const char *at, const char *end)
{
    for (; end - at >= 8; at += 8) {
        guint64 word, less, ampersand, bracket;
        memcpy(&word, at, sizeof word);
        word = GUINT64_FROM_LE(word);
        less = word ^ ONES * '<';
        ampersand = word ^ ONES * '&';
        bracket = word ^ ONES * ']';
        guint64 found = (((less - ONES) & ~less) | ((ampersand - ONES) & ~ampersand) | ((bracket - ONES) & ~bracket)) & TOPS;
        if (found)
            return at + (__builtin_ctzll(found) >> 3);
    }
    while (at < end && *at != '<' && *at != '&' && *at != ']')
        at++;
    return at;
}

static gboolean read_text(TapeReader *reader)
{
    const char *at = reader->at;
    while ((at = find_mark(at, reader->end)) < reader->end && *at != '<') {
        if (*at == '&') {
            if (!read_reference(reader, &at))
                return FALSE;
        } else {
            if (at[1] == ']' && at[2] == '>')
                return fault(reader, at, RULE_MALFORMED_XML, "']]>' in running text");
            at++;
        }
    }
    for (const char *text = reader->at; reader->depth == 0 && text < at; text++)
        if (!(kinds[(guchar)*text] & SPACE))
            return fault(reader, text, RULE_MALFORMED_XML, "text outside of the root element");
    reader->at = at;
    return TRUE;
}

static const char *skip_space(const char *at)
{
    while (kinds[(guchar)*at] & SPACE)
        at++;
    return at;
}

static const char *skip_name(const char *at)
{
    while (kinds[(guchar)*at] & NAME)
        at++;
    return at;
}

/* A quoted value at *at, without '<' and with good references; steps over it. */
static gboolean read_value(TapeReader *reader, const char **at)
{
    char quote = **at;
    const char *close = quote == '"' || quote == '\'' ? memchr(*at + 1, quote, (gsize)(reader->end - *at - 1)) : NULL;
    if (!close)
        return fault(reader, *at, RULE_MALFORMED_XML, "an attribute without a value in quotes");
    for (const char *value = *at + 1; value < close;) {
        if (*value == '<')
            return fault(reader, value, RULE_MALFORMED_XML, "'<' in the value of an attribute");
        if (*value != '&')
            value++;
        else if (!read_reference(reader, &value))
            return FALSE;
    }
    *at = close + 1;
    return TRUE;
}

typedef struct Span {
    const char *at;
    gsize size;
} Span;

static gboolean is_repeated(const Span *names, unsigned count)
{
    for (unsigned i = 0; i + 1 < count; i++)
        if (names[i].size == names[count - 1].size && memcmp(names[i].at, names[count - 1].at, names[i].size) == 0)
            return TRUE;
    return FALSE;
}

/* The attributes at *at, up to and with the '>' of the tag. */
static gboolean read_attributes(TapeReader *reader, const char **at, gboolean *empty)
{
    Span names[ATTRIBUTE_LIMIT];
    for (unsigned count = 0;;) {
        const char *name = skip_space(*at);
        *empty = *name == '/';
        if (name[*empty] == '>') {
            *at = name + *empty + 1;
            return TRUE;
        }
        const char *behind = read_name(name);
        if (name == *at || !behind)
            return fault(reader, name, RULE_MALFORMED_XML, "a tag that does not end well");
        if (count == ATTRIBUTE_LIMIT)
            return fault(reader, name, RULE_MALFORMED_XML, "more than %d attributes", ATTRIBUTE_LIMIT);
        names[count++] = (Span){name, (gsize)(behind - name)};
        if (is_repeated(names, count))
            return fault(reader, name, RULE_MALFORMED_XML, "the attribute '%.*s' twice", shown((gsize)(behind - name)), name);
        *at = skip_space(behind);
        if (**at != '=')
            return fault(reader, name, RULE_MALFORMED_XML, "an attribute without '='");
        *at = skip_space(*at + 1);
        if (!read_value(reader, at))
            return FALSE;
    }
}

/* Puts an element on the tape; TAPE_NONE where it leaves nothing there. FALSE: there are too many. */
static gboolean push_element(TapeReader *reader, const char *name, const char *behind, const char *content, guint32 *number)
{
    XmlTape *tape = reader->tape;
    *number = TAPE_NONE;
    if (reader->hidden)
        return TRUE;
    if (tape->count == TAPE_LIMIT) {
        parse_failure_set(reader->failure, RULE_TOO_LARGE, "more than %d elements in one record", TAPE_LIMIT);
        return FALSE;
    }
    if (tape->count == tape->capacity) {
        tape->capacity = MAX(512, 2 * tape->capacity);
        tape->elements = g_renew(TapeElement, tape->elements, tape->capacity);
    }
    const char *colon = memchr(name, ':', (gsize)(behind - name));
    const char *local = colon ? colon + 1 : name;
    guint32 known = local < behind ? tape_find(tape, local, (gsize)(behind - local)) : TAPE_NONE;
    if (known == TAPE_NONE)
        note_unknown(tape, name, (gsize)(behind - name));
    *number = tape->count++;
    tape->elements[*number] = (TapeElement){
        .start = (guint32)(name - 1 - tape->bytes),
        .attributes = (guint32)(behind - tape->bytes),
        .content = (guint32)(content - tape->bytes),
        .name = known,
    };
    return TRUE;
}

static void close_element(TapeReader *reader, guint32 number, const char *content_end)
{
    XmlTape *tape = reader->tape;
    if (number == TAPE_NONE)
        return;
    tape->elements[number].content_end = (guint32)(content_end - tape->bytes);
    tape->elements[number].end = (guint32)(reader->at - tape->bytes);
    tape->elements[number].next = tape->count;
}

static gboolean is_hiding(const XmlTape *tape, guint32 number)
{
    guint32 name = tape->elements[number].name;
    return name != TAPE_NONE && tape->vocabulary[name].treatment != TAPE_READ;
}

static gboolean read_start_tag(TapeReader *reader)
{
    const char *name = reader->at + 1, *behind = read_name(name), *content;
    gboolean empty = FALSE;
    guint32 number;
    if (!behind)
        return fault(reader, reader->at, RULE_MALFORMED_XML, "'<' that begins no tag (write &lt;)");
    if (reader->depth == 0 && reader->rooted)
        return fault(reader, reader->at, RULE_MALFORMED_XML, "a second root element <%.*s>", shown((gsize)(behind - name)), name);
    if (reader->depth == TAPE_DEPTH_LIMIT)
        return fault(reader, reader->at, RULE_MALFORMED_XML, "elements nested more than %d deep", TAPE_DEPTH_LIMIT);
    content = behind;
    if (*content == '>')
        content++;
    else if (!read_attributes(reader, &content, &empty))
        return FALSE;
    if (!push_element(reader, name, behind, content, &number))
        return FALSE;
    reader->rooted = TRUE;
    reader->at = content;
    if (empty) {
        close_element(reader, number, content);
        return TRUE;
    }
    reader->open[reader->depth++] = (OpenElement){name, (gsize)(behind - name), number};
    if (number != TAPE_NONE && is_hiding(reader->tape, number))
        reader->hidden = reader->depth;
    return TRUE;
}

static gboolean read_end_tag(TapeReader *reader)
{
    const char *begin = reader->at, *name = begin + 2;
    if (reader->depth == 0)
        return fault(reader, begin, RULE_MALFORMED_XML, "an end tag where nothing is open");
    const OpenElement *open = &reader->open[reader->depth - 1];
    gboolean fits = (gsize)(reader->end - name) > open->size && memcmp(name, open->name, open->size) == 0;
    const char *close = fits ? skip_space(name + open->size) : name;
    if (!fits || *close != '>')
        return fault(reader, begin, RULE_MALFORMED_XML, "</%.*s> where <%.*s> is open", shown((gsize)(skip_name(name) - name)), name,
                     shown(open->size), open->name);
    reader->at = close + 1;
    close_element(reader, open->element, begin);
    if (reader->hidden == reader->depth)
        reader->hidden = 0;
    reader->depth--;
    return TRUE;
}

/* Steps over what lies between two marks. */
static gboolean skip_section(TapeReader *reader, const char *open, const char *close, const char *what)
{
    const char *from = reader->at + strlen(open);
    const char *found = memmem(from, (gsize)(reader->end - from), close, strlen(close));
    if (!found)
        return fault(reader, reader->at, RULE_MALFORMED_XML, "%s that does not end", what);
    reader->at = found + strlen(close);
    return TRUE;
}

static gboolean read_comment(TapeReader *reader)
{
    const char *begin = reader->at;
    if (!skip_section(reader, "<!--", "-->", "a comment"))
        return FALSE;
    const char *inside = begin + 4, *dashes = memmem(inside, (gsize)(reader->at - 1 - inside), "--", 2);
    if (dashes != reader->at - 3)
        return fault(reader, dashes, RULE_MALFORMED_XML, "'--' inside a comment");
    return TRUE;
}

/* The XML declaration may begin a record that is a file; elsewhere it is a fault. */
static gboolean read_instruction(TapeReader *reader)
{
    const char *target = reader->at + 2, *behind = read_name(target);
    gboolean declaration = behind && behind - target == 3 && g_ascii_strncasecmp(target, "xml", 3) == 0;
    if (!behind || (declaration && reader->at != reader->tape->bytes))
        return fault(reader, reader->at, RULE_MALFORMED_XML, "a processing instruction without a name of its own");
    return skip_section(reader, "<?", "?>", "a processing instruction");
}

static gboolean read_markup(TapeReader *reader)
{
    const char *at = reader->at;
    if (at[1] == '/')
        return read_end_tag(reader);
    if (at[1] == '?')
        return read_instruction(reader);
    if (at[1] != '!')
        return read_start_tag(reader);
    if (g_str_has_prefix(at, "<!--"))
        return read_comment(reader);
    if (reader->depth > 0 && g_str_has_prefix(at, "<![CDATA["))
        return skip_section(reader, "<![CDATA[", "]]>", "a CDATA section");
    return fault(reader, at, RULE_MALFORMED_XML, "a declaration, which a record cannot have");
}

gboolean xml_tape_read(XmlTape *tape, const char *bytes, gsize length, guint64 line, ParseFailure *failure)
{
    if (length > RECORD_LIMIT) {
        parse_failure_set(failure, RULE_TOO_LARGE, "%" G_GSIZE_FORMAT " bytes of XML", length);
        return FALSE;
    }
    tape->bytes = bytes;
    tape->line = line;
    tape->count = 0;
    forget_unknown(tape);
    g_autofree TapeReader *reader = g_new(TapeReader, 1);
    reader->tape = tape;
    reader->at = bytes;
    reader->end = bytes + length;
    reader->failure = failure;
    reader->depth = reader->hidden = 0;
    reader->rooted = FALSE;
    if (!check_characters(reader))
        return FALSE;
    while (reader->at < reader->end)
        if (*reader->at == '<' ? !read_markup(reader) : !read_text(reader))
            return FALSE;
    if (reader->depth > 0)
        return fault(reader, reader->end, RULE_MALFORMED_XML, "<%.*s> is not closed", shown(reader->open[reader->depth - 1].size),
                     reader->open[reader->depth - 1].name);
    return reader->rooted || fault(reader, reader->end, RULE_MALFORMED_XML, "no element at all");
}

/* ---- Looking things up --------------------------------------------------------------------------------------- */

static guint32 find_from(const XmlTape *tape, guint32 parent, guint32 element, guint32 name)
{
    for (; element < tape->elements[parent].next; element = tape->elements[element].next)
        if (tape->elements[element].name == name)
            return element;
    return TAPE_NONE;
}

guint32 xml_tape_child(const XmlTape *tape, guint32 parent, guint32 name)
{
    return parent == TAPE_NONE ? TAPE_NONE : find_from(tape, parent, parent + 1, name);
}

guint32 xml_tape_next(const XmlTape *tape, guint32 parent, guint32 element)
{
    return find_from(tape, parent, tape->elements[element].next, tape->elements[element].name);
}

gboolean xml_tape_attribute(const XmlTape *tape, guint32 element, const char *name, const char **value, gsize *length)
{
    gsize size = strlen(name);
    if (element == TAPE_NONE)
        return FALSE;
    for (const char *at = tape->bytes + tape->elements[element].attributes;;) {
        const char *found = skip_space(at), *behind = skip_name(found);
        if (behind == found)
            return FALSE;
        const char *open = skip_space(skip_space(behind) + 1);
        const char *close = strchr(open + 1, *open);
        if ((gsize)(behind - found) == size && memcmp(found, name, size) == 0) {
            *value = open + 1;
            *length = (gsize)(close - open - 1);
            return TRUE;
        }
        at = close + 1;
    }
}
