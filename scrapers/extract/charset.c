/* SPDX-License-Identifier: Apache-2.0
 * The encoding of a page, and its bytes as UTF-8; see charset.h. */
#include "scrapers/extract/charset.h"

#include <string.h>
#include <unicode/ucnv.h>

#define PRESCAN_BYTES 32768 /* 1024 in the standard, whose parser also minds a later <meta>: this stands for both */
#define LABEL_SIZE 64
#define PIVOT_UNITS 4096

/* Labels of the WHATWG Encoding standard that pages use, and the ICU converter closest to each encoding. */
typedef struct Encoding {
    const char *name;
    const char *converter;
    const char *labels; /* between spaces */
} Encoding;

static const Encoding encodings[] = {
    {"UTF-8", "UTF-8", " utf-8 utf8 unicode-1-1-utf-8 unicode11utf8 unicode20utf8 x-unicode20utf8 "},
    {"windows-1252", "windows-1252",
     " windows-1252 cp1252 x-cp1252 ansi_x3.4-1968 ascii us-ascii iso-8859-1 iso8859-1 iso88591 iso_8859-1 "
     "iso_8859-1:1987 iso-ir-100 latin1 l1 cp819 ibm819 csisolatin1 "},
    {"windows-1250", "windows-1250", " windows-1250 cp1250 x-cp1250 "},
    {"windows-1251", "windows-1251", " windows-1251 cp1251 x-cp1251 "},
    {"windows-1253", "windows-1253", " windows-1253 cp1253 x-cp1253 "},
    {"windows-1254", "windows-1254",
     " windows-1254 cp1254 x-cp1254 iso-8859-9 iso8859-9 iso88599 iso_8859-9 latin5 l5 csisolatin5 "},
    {"windows-1255", "windows-1255", " windows-1255 cp1255 x-cp1255 "},
    {"windows-1256", "windows-1256", " windows-1256 cp1256 x-cp1256 "},
    {"windows-1257", "windows-1257", " windows-1257 cp1257 x-cp1257 "},
    {"windows-1258", "windows-1258", " windows-1258 cp1258 x-cp1258 "},
    {"windows-874", "windows-874", " windows-874 dos-874 tis-620 iso-8859-11 iso8859-11 "},
    {"ISO-8859-2", "ISO-8859-2", " iso-8859-2 iso8859-2 iso88592 iso_8859-2 latin2 l2 csisolatin2 "},
    {"ISO-8859-3", "ISO-8859-3", " iso-8859-3 iso8859-3 latin3 l3 "},
    {"ISO-8859-4", "ISO-8859-4", " iso-8859-4 iso8859-4 latin4 l4 "},
    {"ISO-8859-5", "ISO-8859-5", " iso-8859-5 iso8859-5 cyrillic "},
    {"ISO-8859-6", "ISO-8859-6", " iso-8859-6 iso8859-6 arabic "},
    {"ISO-8859-7", "ISO-8859-7", " iso-8859-7 iso8859-7 greek greek8 "},
    {"ISO-8859-8", "ISO-8859-8", " iso-8859-8 iso8859-8 hebrew visual iso-8859-8-i logical "},
    {"ISO-8859-10", "ISO-8859-10", " iso-8859-10 iso8859-10 latin6 l6 "},
    {"ISO-8859-13", "ISO-8859-13", " iso-8859-13 iso8859-13 "},
    {"ISO-8859-14", "ISO-8859-14", " iso-8859-14 iso8859-14 "},
    {"ISO-8859-15", "ISO-8859-15", " iso-8859-15 iso8859-15 iso885915 iso_8859-15 latin9 l9 csisolatin9 "},
    {"KOI8-R", "KOI8-R", " koi8-r koi8 koi cskoi8r koi8_r "},
    {"KOI8-U", "KOI8-U", " koi8-u koi8-ru "},
    {"IBM866", "IBM866", " ibm866 866 cp866 csibm866 "},
    {"macintosh", "macintosh", " macintosh mac x-mac-roman csmacintosh "},
    {"gb18030", "gb18030", " gb18030 gbk gb2312 gb_2312 gb_2312-80 chinese csgb2312 x-gbk cp936 iso-ir-58 "},
    {"Big5", "Big5-HKSCS", " big5 big5-hkscs cn-big5 csbig5 x-x-big5 "},
    {"EUC-JP", "EUC-JP", " euc-jp x-euc-jp cseucpkdfmtjapanese "},
    {"ISO-2022-JP", "ISO-2022-JP", " iso-2022-jp csiso2022jp "},
    {"Shift_JIS", "windows-31j", " shift_jis shift-jis sjis x-sjis ms_kanji ms932 windows-31j csshiftjis "},
    {"EUC-KR", "windows-949", " euc-kr ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 korean windows-949 cseuckr "},
    {"UTF-16BE", "UTF-16BE", " utf-16be unicodefffe "},
    {"UTF-16LE", "UTF-16LE", " utf-16le utf-16 ucs-2 unicode csunicode iso-10646-ucs-2 unicodefeff "},
};

static const char utf8_name[] = "UTF-8";
static const char western_name[] = "windows-1252";

static gboolean is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

const char *charset_from_label(const char *label, gsize length)
{
    while (length && is_space(*label)) {
        label++;
        length--;
    }
    while (length && is_space(label[length - 1]))
        length--;
    if (!length || length > LABEL_SIZE - 3 || memchr(label, ' ', length) || memchr(label, '\0', length))
        return NULL;
    char padded[LABEL_SIZE];
    padded[0] = ' ';
    for (gsize i = 0; i < length; i++)
        padded[i + 1] = g_ascii_tolower(label[i]);
    memcpy(padded + length + 1, " ", 2);
    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++)
        if (strstr(encodings[i].labels, padded))
            return encodings[i].name;
    return NULL;
}

/* "The algorithm for extracting a character encoding from a meta element", also for the Content-Type header. */
static const char *charset_of_content_type(const char *value, gsize length)
{
    gsize i = 0;
    while (i + 7 <= length) {
        if (g_ascii_strncasecmp(value + i, "charset", 7) != 0) {
            i++;
            continue;
        }
        i += 7;
        while (i < length && is_space(value[i]))
            i++;
        if (i >= length || value[i] != '=')
            continue;
        i++;
        while (i < length && is_space(value[i]))
            i++;
        if (i < length && (value[i] == '"' || value[i] == '\'')) {
            const char *close = memchr(value + i + 1, value[i], length - i - 1);
            return close ? charset_from_label(value + i + 1, (gsize)(close - value - i - 1)) : NULL;
        }
        gsize start = i;
        while (i < length && !is_space(value[i]) && value[i] != ';')
            i++;
        return charset_from_label(value + start, i - start);
    }
    return NULL;
}

typedef struct Span {
    const char *data;
    gsize length;
} Span;

typedef struct Scan {
    const char *at, *end;
} Scan;

static gboolean span_is(Span span, const char *word)
{
    return span.length == strlen(word) && g_ascii_strncasecmp(span.data, word, span.length) == 0;
}

/* "Get an attribute" of the prescan algorithm. FALSE at the end of the tag or of the bytes. */
static gboolean next_attribute(Scan *scan, Span *name, Span *value)
{
    while (scan->at < scan->end && (is_space(*scan->at) || *scan->at == '/'))
        scan->at++;
    if (scan->at >= scan->end || *scan->at == '>')
        return FALSE;
    const char *start = scan->at;
    while (scan->at < scan->end && !is_space(*scan->at) && *scan->at != '/' && *scan->at != '>' &&
           (*scan->at != '=' || scan->at == start))
        scan->at++;
    *name = (Span){start, (gsize)(scan->at - start)};
    *value = (Span){scan->at, 0};
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
    if (scan->at >= scan->end || *scan->at != '=')
        return TRUE;
    scan->at++;
    while (scan->at < scan->end && is_space(*scan->at))
        scan->at++;
    if (scan->at < scan->end && (*scan->at == '"' || *scan->at == '\'')) {
        char quote = *scan->at++;
        const char *close = memchr(scan->at, quote, (gsize)(scan->end - scan->at));
        if (!close) { /* cut off by the end of the window: the value is unknown */
            scan->at = scan->end;
            return FALSE;
        }
        *value = (Span){scan->at, (gsize)(close - scan->at)};
        scan->at = close + 1;
        return TRUE;
    }
    start = scan->at;
    while (scan->at < scan->end && !is_space(*scan->at) && *scan->at != '>')
        scan->at++;
    *value = (Span){start, (gsize)(scan->at - start)};
    return TRUE;
}

static const char *charset_of_meta(Scan *scan)
{
    const char *charset = NULL;
    gboolean got_pragma = FALSE, need_pragma = FALSE, seen_charset = FALSE, seen_content = FALSE, seen_equiv = FALSE;
    Span name, value;
    while (next_attribute(scan, &name, &value)) {
        if (span_is(name, "http-equiv") && !seen_equiv) {
            seen_equiv = TRUE;
            got_pragma = span_is(value, "content-type");
        } else if (span_is(name, "content") && !seen_content) {
            seen_content = TRUE;
            const char *found = seen_charset ? NULL : charset_of_content_type(value.data, value.length);
            if (found) {
                charset = found;
                need_pragma = TRUE;
            }
        } else if (span_is(name, "charset") && !seen_charset) {
            seen_charset = TRUE;
            charset = charset_from_label(value.data, value.length);
            need_pragma = FALSE;
        }
    }
    if (scan->at >= scan->end || !charset || (need_pragma && !got_pragma))
        return NULL;
    /* A page whose meta could be read is no UTF-16. */
    return g_str_has_prefix(charset, "UTF-16") ? utf8_name : charset;
}

/* Leaves `scan` behind the tag, comment or declaration at its start. */
static void skip_markup(Scan *scan)
{
    gsize left = (gsize)(scan->end - scan->at);
    if (left >= 4 && memcmp(scan->at, "<!--", 4) == 0) {
        const char *close = g_strstr_len(scan->at + 2, (gssize)left - 2, "-->");
        scan->at = close ? close + 3 : scan->end;
        return;
    }
    gsize name = scan->at[1] == '/' ? 2 : 1;
    if (name < left && g_ascii_isalpha(scan->at[name])) {
        Span ignored_name, ignored_value;
        while (scan->at < scan->end && !is_space(*scan->at) && *scan->at != '>')
            scan->at++;
        while (next_attribute(scan, &ignored_name, &ignored_value))
            ;
        return;
    }
    if (left > 1 && strchr("!/?", scan->at[1])) {
        const char *close = memchr(scan->at, '>', left);
        scan->at = close ? close + 1 : scan->end;
        return;
    }
    scan->at++;
}

static const char *prescan(const char *bytes, gsize length)
{
    Scan scan = {bytes, bytes + MIN(length, PRESCAN_BYTES)};
    while (scan.at + 1 < scan.end) {
        if (*scan.at != '<') {
            scan.at++;
            continue;
        }
        gboolean meta = scan.end - scan.at > 5 && g_ascii_strncasecmp(scan.at, "<meta", 5) == 0 &&
                        (is_space(scan.at[5]) || scan.at[5] == '/');
        if (!meta) {
            skip_markup(&scan);
            continue;
        }
        scan.at += 5;
        const char *charset = charset_of_meta(&scan);
        if (charset)
            return charset;
    }
    return NULL;
}

typedef struct Utf8Census {
    gsize sequences; /* well-formed, beyond ASCII */
    gsize errors;
} Utf8Census;

static Utf8Census utf8_census(const char *bytes, gsize length)
{
    Utf8Census census = {0, 0};
    const char *at = bytes, *end = bytes + length;
    while (at < end) {
        if ((guchar)*at < 0x80) {
            at++;
            continue;
        }
        gunichar c = g_utf8_get_char_validated(at, end - at);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            census.errors += c == (gunichar)-1; /* a sequence cut off by the end is no evidence */
            at++;
        } else {
            census.sequences++;
            at = g_utf8_next_char(at);
        }
    }
    return census;
}

static const char *byte_order_mark(const char *bytes, gsize length)
{
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return utf8_name;
    if (length >= 2 && memcmp(bytes, "\xfe\xff", 2) == 0)
        return "UTF-16BE";
    if (length >= 2 && memcmp(bytes, "\xff\xfe", 2) == 0)
        return "UTF-16LE";
    return NULL;
}

const char *charset_sniff(const char *bytes, gsize length, const char *content_type)
{
    const char *charset = byte_order_mark(bytes, length);
    if (charset)
        return charset;
    if (content_type)
        charset = charset_of_content_type(content_type, strlen(content_type));
    if (!charset)
        charset = prescan(bytes, length);
    if (charset && strcmp(charset, utf8_name) != 0 && strcmp(charset, western_name) != 0)
        return charset;
    Utf8Census census = utf8_census(bytes, length);
    if (census.sequences && !census.errors)
        return utf8_name;
    if (census.errors && !census.sequences)
        return western_name;
    return charset ? charset : western_name;
}

static UConverter *open_converter(const char *charset)
{
    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
        if (strcmp(encodings[i].name, charset) != 0)
            continue;
        UErrorCode status = U_ZERO_ERROR;
        UConverter *converter = ucnv_open(encodings[i].converter, &status);
        return U_SUCCESS(status) ? converter : NULL;
    }
    return NULL;
}

static char *convert(UConverter *from, const char *bytes, gsize length, gsize limit, gsize *decoded_length)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *to = ucnv_open("UTF-8", &status);
    if (U_FAILURE(status))
        return NULL;
    /* A byte gives at most one character of three bytes. */
    gsize capacity = MIN(length > G_MAXSIZE / 4 ? limit : length * 3, limit);
    char *out = g_malloc(capacity + 1), *target = out;
    UChar pivot[PIVOT_UNITS], *pivot_source = pivot, *pivot_target = pivot;
    const char *source = bytes;
    ucnv_convertEx(to, from, &target, out + capacity, &source, bytes + length, pivot, &pivot_source, &pivot_target,
                   pivot + PIVOT_UNITS, TRUE, TRUE, &status);
    ucnv_close(to);
    if (U_FAILURE(status)) {
        g_free(out);
        return NULL;
    }
    *target = '\0';
    *decoded_length = (gsize)(target - out);
    return g_realloc(out, *decoded_length + 1);
}

char *charset_decode(const char *bytes, gsize length, const char *content_type, gsize limit, gsize *decoded_length)
{
    const char *charset = charset_sniff(bytes, length, content_type);
    const char *mark = byte_order_mark(bytes, length);
    gsize skip = !mark ? 0 : mark == utf8_name ? 3 : 2;
    UConverter *from = open_converter(charset);
    if (!from)
        return NULL;
    char *text = convert(from, bytes + skip, length - skip, limit, decoded_length);
    ucnv_close(from);
    for (gsize i = 0; text && i < *decoded_length; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    return text;
}
