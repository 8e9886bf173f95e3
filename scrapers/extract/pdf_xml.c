/* SPDX-License-Identifier: Apache-2.0
 * The XML of pdftohtml to boxes; see pdf_layout.h.
 *
 * pdftohtml lets control characters and crossed tags through, and messages of its own between the elements, so an XML
 * parser would refuse what it writes. There are six elements that matter, one level deep: a scanner does. */
#include <stdlib.h>
#include <string.h>

#include "scrapers/extract/pdf_layout.h"

#define COORDINATE_LIMIT 100000
#define FONT_LIMIT 65536
#define OUTLINE_LIMIT 4096

typedef struct Scanner {
    PdfLayout *layout;
    const char *at, *end;
    GString *text;
    GHashTable *families; /* name -> number, as a pointer */
    unsigned outline_level;
} Scanner;

/* The value of an attribute in the tag [tag, end), not decoded; NULL if it is absent. */
static const char *attribute(const char *tag, const char *end, const char *name, gsize *length)
{
    gsize size = strlen(name);
    for (const char *at = tag; (at = memchr(at, '=', (gsize)(end - at))); at++) {
        if ((gsize)(at - tag) <= size || memcmp(at - size, name, size) != 0 || !g_ascii_isspace(at[-(gssize)size - 1]) ||
            end - at < 3 || at[1] != '"')
            continue;
        const char *close = memchr(at + 2, '"', (gsize)(end - at - 2));
        if (!close)
            return NULL;
        *length = (gsize)(close - at - 2);
        return at + 2;
    }
    return NULL;
}

static int number(const char *tag, const char *end, const char *name)
{
    gsize length;
    const char *value = attribute(tag, end, name, &length);
    return value ? (int)CLAMP(strtol(value, NULL, 10), -COORDINATE_LIMIT, COORDINATE_LIMIT) : 0;
}

/* The character of an entity at `*at` ("&amp;"), which is moved behind it; '&' itself when it is none. */
static gunichar entity(const char **at, const char *end)
{
    static const struct { const char *name; char character; } names[] = {
        {"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''},
    };
    const char *name = *at + 1;
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        gsize length = strlen(names[i].name);
        if ((gsize)(end - name) >= length && memcmp(name, names[i].name, length) == 0) {
            *at = name + length;
            return (guchar)names[i].character;
        }
    }
    if (end - name > 2 && name[0] == '#') {
        char *stop;
        gboolean hex = name[1] == 'x';
        unsigned long value = strtoul(name + 1 + hex, &stop, hex ? 16 : 10);
        if (stop < end && *stop == ';' && value && g_unichar_validate((gunichar)MIN(value, 0x110000))) {
            *at = stop + 1;
            return (gunichar)value;
        }
    }
    (*at)++;
    return '&';
}

/* What typesetters' fonts make of letters and bullets is written as what it stands for. */
static void append_character(GString *text, gunichar c)
{
    static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    if (c >= 0xfb00 && c <= 0xfb06)
        g_string_append(text, ligatures[c - 0xfb00]);
    else if (c == 0xf0b7 || c == 0xf0a7 || c == 0xf076 || c == 0xf0d8 || c == 0xf0fc || c == 0xf0a8)
        g_string_append(text, "\xe2\x80\xa2"); /* the bullets of Symbol and Wingdings */
    else if (c == 0x2010 || c == 0x2011)
        g_string_append_c(text, '-');
    else if (c == 0xfffd || (c >= 0xe000 && c <= 0xf8ff) || c == 0x200b || c == 0xfeff)
        return;
    else if (g_unichar_isspace(c) || g_unichar_iscntrl(c))
        g_string_append_c(text, ' ');
    else
        g_string_append_unichar(text, c);
}

/* The text in [at, end) without its tags; says whether it opens in <b> and in <i>. Returns its letters and digits. */
static guint decode_text(Scanner *scanner, const char *at, const char *end, gboolean *bold, gboolean *italic)
{
    guint letters = 0;
    g_string_truncate(scanner->text, 0);
    while (at < end) {
        if (*at == '<') {
            const char *close = memchr(at, '>', (gsize)(end - at));
            if (!close)
                break;
            *bold |= letters == 0 && close - at == 2 && at[1] == 'b';
            *italic |= letters == 0 && close - at == 2 && at[1] == 'i';
            at = close + 1;
            continue;
        }
        gunichar c;
        if (*at == '&') {
            c = entity(&at, end);
        } else {
            c = g_utf8_get_char(at);
            at = g_utf8_next_char(at);
        }
        letters += g_unichar_isalnum(c);
        append_character(scanner->text, c);
    }
    return letters;
}

static gboolean family_is(const char *family, const char *const *marks)
{
    for (; *marks; marks++)
        if (strstr(family, *marks))
            return TRUE;
    return FALSE;
}

/* The number of a typeface. Subsets of one font ("ABCDEF+Name", "Name+20") have one number. */
static guint family_number(Scanner *scanner, const char *name)
{
    const char *plus = strchr(name, '+');
    const char *start = plus && plus - name == 6 ? plus + 1 : name;
    g_autofree char *base = g_strndup(start, strcspn(start, "+"));
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(scanner->families, base));
    if (known)
        return known;
    known = g_hash_table_size(scanner->families) + 1;
    g_hash_table_insert(scanner->families, g_steal_pointer(&base), GUINT_TO_POINTER(known));
    return known;
}

static void scan_font(Scanner *scanner, const char *tag, const char *end)
{
    static const char *const bold[] = {"bold", "black", "heavy", "-hvy", "demi", "-medi", ".b+", "cmbx", NULL};
    static const char *const italic[] = {"ital", "obli", "-obl", ".i+", ".bi+", "cmti", NULL};
    GArray *fonts = scanner->layout->fonts;
    gsize length = 0;
    int id = number(tag, end, "id");
    const char *value = attribute(tag, end, "family", &length);
    if (id < 0 || id >= FONT_LIMIT)
        return;
    g_autofree char *name = value ? g_ascii_strdown(value, (gssize)MIN(length, 200)) : g_strdup("");
    g_autofree char *family = g_strconcat(name, "+", NULL); /* so that a suffix has an end to be found by */
    if ((guint)id >= fonts->len)
        g_array_set_size(fonts, (guint)id + 1);
    PdfFont *font = &g_array_index(fonts, PdfFont, id);
    font->size = CLAMP(number(tag, end, "size"), 0, 1000);
    font->family = family_number(scanner, name);
    font->italic = family_is(family, italic);
    font->bold = (family_is(family, bold) && !strstr(family, "-medium")) || strstr(family, ".bi+");
}

static void scan_page(Scanner *scanner, const char *tag, const char *end)
{
    PdfPage page = {
        .width = MAX(number(tag, end, "width"), 1),
        .height = MAX(number(tag, end, "height"), 1),
        .first_box = scanner->layout->boxes->len,
    };
    g_array_append_val(scanner->layout->pages, page);
}

/* A text element whose tag is [tag, end); moves on behind its content. */
static void scan_text(Scanner *scanner, const char *tag, const char *end)
{
    PdfLayout *layout = scanner->layout;
    const char *close = memmem(end, (gsize)(scanner->end - end), "</text>", 7);
    const char *content_end = close ? close : scanner->end;
    scanner->at = close ? close + 7 : scanner->end;
    if (layout->pages->len == 0)
        return;
    PdfBox box = {.left = number(tag, end, "left"), .top = number(tag, end, "top"), .next = PDF_NONE};
    int width = number(tag, end, "width"), height = number(tag, end, "height"), font = number(tag, end, "font");
    box.right = box.left + MAX(width, 0);
    box.bottom = box.top + MAX(height, 1);
    box.letters = decode_text(scanner, end + 1, content_end, &box.bold, &box.italic);
    if (font >= 0 && (guint)font < layout->fonts->len) {
        const PdfFont *facts = &g_array_index(layout->fonts, PdfFont, font);
        box.bold |= facts->bold;
        box.italic |= facts->italic;
        box.size = facts->size;
        box.family = facts->family;
    }
    if (box.size == 0)
        box.size = MAX(height, 1);
    gboolean upright = width * 2 > height || box.letters < 5; /* the rest is printed up the margin */
    if (scanner->text->str[strspn(scanner->text->str, " ")] == '\0' || !upright)
        return;
    box.text = g_string_chunk_insert_len(layout->strings, scanner->text->str, (gssize)scanner->text->len);
    g_array_append_val(layout->boxes, box);
    PDF_PAGE(layout, layout->pages->len - 1)->boxes++;
}

static void scan_item(Scanner *scanner, const char *end)
{
    gboolean bold = FALSE, italic = FALSE;
    const char *close = memchr(end, '<', (gsize)(scanner->end - end));
    if (!close || scanner->layout->outline->len >= OUTLINE_LIMIT)
        return;
    decode_text(scanner, end + 1, close, &bold, &italic);
    PdfOutlineItem item = {.level = MAX(scanner->outline_level, 1)};
    item.text = g_string_chunk_insert(scanner->layout->strings, g_strstrip(scanner->text->str));
    g_array_append_val(scanner->layout->outline, item);
    scanner->at = close;
}

static gboolean tag_is(const char *tag, const char *end, const char *name)
{
    gsize length = strlen(name);
    return (gsize)(end - tag) >= length && memcmp(tag, name, length) == 0;
}

void pdf_xml_read(PdfLayout *layout, const char *xml, gsize length)
{
    Scanner scanner = {.layout = layout, .at = xml, .end = xml + length, .text = g_string_new(NULL)};
    scanner.families = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    while ((scanner.at = memchr(scanner.at, '<', (gsize)(scanner.end - scanner.at)))) {
        const char *tag = scanner.at + 1;
        const char *end = memchr(tag, '>', (gsize)(scanner.end - tag));
        if (!end)
            break;
        scanner.at = end + 1;
        if (tag_is(tag, end, "text "))
            scan_text(&scanner, tag, end);
        else if (tag_is(tag, end, "page "))
            scan_page(&scanner, tag, end);
        else if (tag_is(tag, end, "fontspec "))
            scan_font(&scanner, tag, end);
        else if (tag_is(tag, end, "item "))
            scan_item(&scanner, end);
        else if (tag_is(tag, end, "outline"))
            scanner.outline_level++;
        else if (tag_is(tag, end, "/outline") && scanner.outline_level > 0)
            scanner.outline_level--;
    }
    g_hash_table_unref(scanner.families);
    g_string_free(scanner.text, TRUE);
}
