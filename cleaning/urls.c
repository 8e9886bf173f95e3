/* SPDX-License-Identifier: Apache-2.0
 * The rule "urls": bare URLs go; "[text](URL)" keeps its text.
 *
 * A URL is what RFC 3986 allows behind a known scheme or "www.", without the punctuation that ends a sentence and
 * without a closing bracket that was opened before it. Letters of alphabetic scripts belong to it (RFC 3987), others end
 * it: Chinese and Japanese put no blank behind a URL. E-mail addresses and DOIs are not URLs and stay; a DOI that is
 * written as a URL goes, with the "doi:" before it. Captions between [fig] and [/fig] are text like any other; what
 * stands in Galen's other marks stays.
 */
#include "cleaning/rules.h"

#include <string.h>

#include "cleaning/edit.h"
#include "cleaning/scan.h"
#include "cleaning/special.h"

/* Bytes of link text that are looked through for the opening bracket. */
#define LINK_TEXT_LIMIT 400

static const char *const schemes[] = {"https", "http", "ftps", "sftp", "ftp", "file"};

/* The next place where "://", "www", "](" or one of Galen's marks may stand. */
static gsize next_candidate(const char *text, gsize at, gsize length)
{
    for (; at + SCAN_BLOCK < length; at += SCAN_BLOCK) {
        ScanBlock here = scan_load(text + at), ahead = scan_load(text + at + 1);
        ScanBlock found = ((here == ':') & (ahead == '/')) | (((here | 0x20) == 'w') & ((ahead | 0x20) == 'w')) |
                          ((here == ']') & (ahead == '(')) |
                          ((here == '[') & ((ahead == 'b') | (ahead == 'f') | (ahead == 't')));
        if (scan_any(found))
            return at + (gsize)__builtin_ctz(scan_mask(found));
    }
    while (at < length && !(text[at] == ':' || (text[at] | 0x20) == 'w' || text[at] == ']' || text[at] == '['))
        at++;
    return at;
}

/* Bytes of a letter from U+00C0 to U+052F: 2, else 0. */
static gsize letter_bytes(const char *text, gsize at, gsize length)
{
    return at + 1 < length && (guint8)text[at] >= 0xc3 && (guint8)text[at] <= 0xd4 ? 2 : 0;
}

static gsize skip_host(const char *text, gsize at, gsize length)
{
    while (at < length) {
        gsize letter = letter_bytes(text, at, length);
        if (!letter && !g_ascii_isalnum(text[at]) && !(text[at] && strchr(".-_~%:@", text[at])))
            break;
        at += MAX(letter, 1);
    }
    return at;
}

/* A ')' that the URL itself did not open is not part of it. */
static gsize skip_path(const char *text, gsize at, gsize length)
{
    gsize depth = 0;
    while (at < length) {
        gsize letter = letter_bytes(text, at, length);
        if (!letter && !g_ascii_isalnum(text[at]) && !(text[at] && strchr("-._~:/?#@!$&'()*+,;=%", text[at])))
            break;
        if (text[at] == ')' && depth-- == 0)
            break;
        depth += text[at] == '(';
        at += MAX(letter, 1);
    }
    return at;
}

/* The end of the URL whose host starts at `host`; `host` itself where there is none. */
static gsize url_end(const char *text, gsize host, gsize length)
{
    gsize end = skip_host(text, host, length);
    if (end > host && end < length && strchr("/?#", text[end]))
        end = skip_path(text, end, length);
    while (end > host && text[end - 1] && strchr(".,;:!?'*_~(@-", text[end - 1]))
        end--;
    return end;
}

/* Where the scheme before "://" at `colon` starts, not before `floor`; `colon` where it is none that we know. */
static gsize scheme_start(const char *text, gsize floor, gsize colon)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++) {
        gsize size = strlen(schemes[i]);
        if (colon - floor >= size && g_ascii_strncasecmp(text + colon - size, schemes[i], size) == 0)
            return colon - size;
    }
    return colon;
}

/* Where the label "doi:" before a URL of doi.org starts; `start` where there is none. */
static gsize label_start(const char *text, gsize floor, gsize start, gsize host, gsize end)
{
    gsize at = start;
    if (!memmem(text + host, end - host, "doi.org/", 8))
        return start;
    while (at > floor && text[at - 1] == ' ')
        at--;
    if (at > floor && text[at - 1] == ':')
        at--;
    if (at - floor < 3 || g_ascii_strncasecmp(text + at - 3, "doi", 3) != 0)
        return start;
    return at - 3 > floor && g_ascii_isalnum(text[at - 4]) ? start : at - 3;
}

static gsize cut_scheme_url(Editor *editor, gsize colon)
{
    const char *text = editor->text;
    if (editor->length - colon < 4 || memcmp(text + colon, "://", 3) != 0)
        return colon + 1;
    gsize start = scheme_start(text, editor->copied, colon);
    if (start == colon)
        return colon + 1; /* before looking for its end: "://" may stand there a million times */
    gsize end = url_end(text, colon + 3, editor->length);
    if (end == colon + 3)
        return colon + 1;
    return editor_cut(editor, label_start(text, editor->copied, start, colon + 3, end), end);
}

static gsize cut_www_url(Editor *editor, gsize at)
{
    const char *text = editor->text;
    if (editor->length - at < 5 || g_ascii_strncasecmp(text + at, "www.", 4) != 0)
        return at + 1;
    if (at > 0 && (g_ascii_isalnum(text[at - 1]) || (guint8)text[at - 1] >= 0xc0 || strchr("./@-_", text[at - 1])))
        return at + 1;
    gsize end = url_end(text, at + 4, editor->length);
    return end > at + 4 && memchr(text + at + 4, '.', end - at - 4) ? editor_cut(editor, at, end) : at + 1;
}

static gboolean is_link_target(const char *text, gsize at, gsize length)
{
    static const char *const starts[] = {"http://", "https://", "ftp://", "www.", "mailto:", "//"};
    for (gsize i = 0; i < G_N_ELEMENTS(starts); i++)
        if (length - at > strlen(starts[i]) && g_ascii_strncasecmp(text + at, starts[i], strlen(starts[i])) == 0)
            return TRUE;
    return FALSE;
}

/* The position behind the ')' that ends the target opened at `at`, which may hold balanced brackets; 0: none. */
static gsize target_end(const char *text, gsize at, gsize length)
{
    gsize depth = 0, limit = MIN(length, at + 4096);
    for (; at < limit && text[at] != '\n'; at++) {
        if (text[at] == ')' && depth-- == 0)
            return at + 1;
        depth += text[at] == '(';
    }
    return 0;
}

/* Where in what is written the bracket stands that opens the text of a link; the length where there is none. */
static gsize link_text_start(const Buffer *out)
{
    gsize depth = 0;
    for (gsize at = out->length; at > 0 && out->length - at < LINK_TEXT_LIMIT && out->data[at - 1] != '\n'; at--) {
        if (out->data[at - 1] == '[' && depth-- == 0)
            return at - 1;
        depth += out->data[at - 1] == ']';
    }
    return out->length;
}

/* "[4,7]" as the text of a link is a citation: its brackets stay, for the rule "references". */
static gboolean is_citation_text(const char *text, gsize length)
{
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isdigit(text[i]) && !strchr(" ,;-", text[i]))
            return FALSE;
    return length > 0;
}

static gsize unwrap_link(Editor *editor, gsize bracket)
{
    const char *text = editor->text;
    gsize target = bracket + 2;
    if (target >= editor->length || text[bracket + 1] != '(' || !is_link_target(text, target, editor->length))
        return bracket + 1;
    gsize end = target_end(text, target, editor->length);
    if (!end)
        return bracket + 1;
    editor_flush(editor, bracket);
    Buffer *out = editor->out;
    gsize start = link_text_start(out);
    if (start == out->length)
        return bracket + 1;
    gsize inside = out->length - start - 1;
    if (is_citation_text(out->data + start + 1, inside)) {
        editor_replace(editor, bracket + 1, end, "", 0);
        return end;
    }
    gsize image = start > 0 && out->data[start - 1] == '!';
    memmove(out->data + start - image, out->data + start + 1, inside);
    buffer_truncate(out, start - image + inside);
    editor_replace(editor, bracket, end, "", 0);
    return end;
}

static gboolean is_caption(const char *text, gsize at, gsize length)
{
    return (length - at > 5 && memcmp(text + at, "[fig]", 5) == 0) ||
           (length - at > 7 && memcmp(text + at, "[table]", 7) == 0);
}

guint64 rule_urls(const CleanContext *context, const char *text, gsize length, Buffer *out)
{
    Editor editor;
    SpecialScan marks = {0};
    editor_init(&editor, text, length, out);
    for (gsize at = 0; (at = next_candidate(text, at, length)) < length;) {
        if (text[at] == ':') {
            at = cut_scheme_url(&editor, at);
        } else if (text[at] == ']') {
            at = unwrap_link(&editor, at);
        } else if (text[at] == '[') {
            gboolean caption = is_caption(text, at, length);
            gsize end = caption ? at : special_end(&marks, text, at, length);
            at = end > at ? end : at + 1;
        } else {
            at = cut_www_url(&editor, at);
        }
    }
    return editor_finish(&editor);
}
