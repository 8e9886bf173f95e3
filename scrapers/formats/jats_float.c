/* SPDX-License-Identifier: Apache-2.0
 * Figures and tables: captions, mentions and, when asked for, cells; see jats_walk.h. */
#include <string.h>

#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"
#include "scrapers/formats/xml_tree.h"

#define WORDS 12
#define CAPTION_LIMIT ((gsize)1 << 20)

static gboolean is_table(const XmlNode *node)
{
    return xml_is(node, XML_TABLE_WRAP) || xml_is(node, XML_TABLE_WRAP_GROUP);
}

static gboolean is_group(const XmlNode *node)
{
    return xml_is(node, XML_FIG_GROUP) || xml_is(node, XML_TABLE_WRAP_GROUP);
}

gboolean jats_is_float(const XmlNode *node)
{
    return xml_is(node, XML_FIG) || is_table(node) || is_group(node);
}

/* "Figure 3" of "Figure 3."; NULL if the float has no label. */
static char *float_label(const XmlNode *node)
{
    char *label = xml_text_string(xml_child(node, XML_LABEL), 256);
    if (!label)
        return NULL;
    gsize length = strlen(label);
    while (length > 0 && strchr(".:| ", label[length - 1]))
        label[--length] = '\0';
    if (length == 0)
        g_clear_pointer(&label, g_free);
    return label;
}

static gboolean drop_citation(TextForm *form, const XmlNode *node, gpointer user)
{
    (void)user;
    const char *type = xml_is(node, XML_XREF) ? xml_attribute(node, XML_REF_TYPE) : NULL;
    if (!type || strcmp(type, "bibr") != 0)
        return FALSE;
    text_form_cite_begin(form);
    text_form_cite_end(form);
    return TRUE;
}

/* The first paragraph-like part of a caption, without citations; NULL if there is none. */
static char *caption_start(const XmlNode *node)
{
    const XmlNode *caption = xml_child(node, XML_CAPTION);
    char *text = NULL;
    gsize length = 0;
    XML_EACH_ELEMENT(part, caption) {
        g_auto(TextForm) form;
        text_form_init(&form, CAPTION_LIMIT);
        text_form_begin(&form, BLOCK_PARAGRAPH, "");
        xml_text_append(&form, part, drop_citation, NULL);
        if (text_form_finish(&form, &text, &length) && length > 0)
            return text;
        g_clear_pointer(&text, g_free);
    }
    return NULL;
}

/* The bytes of what joins two panels: ",", "-", a dash, "and". 0: nothing does. */
static gsize panel_joint(const char *text)
{
    static const char *const joints[] = {",", "-", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92", "and ", "& "};
    gsize blank = strspn(text, " ");
    for (gsize i = 0; i < G_N_ELEMENTS(joints); i++)
        if (g_str_has_prefix(text + blank, joints[i])) {
            gsize size = blank + strlen(joints[i]);
            return size + strspn(text + size, " ");
        }
    return 0;
}

/* The bytes of a panel and of those joined to it: "A", "A,B", "A-C", "2A-2B" behind the first number. */
static gsize panels_length(const char *text, const char *number)
{
    gsize end = 0, next = 0;
    for (;;) {
        gsize size = 0;
        while (g_ascii_isalnum(text[next + size]))
            size++;
        if (size == 0 || size > 3 || !g_ascii_isalpha(text[next]))
            return end;
        end = next + size;
        gsize joint = panel_joint(text + end);
        if (joint == 0)
            return end;
        next = end + joint;
        if (g_str_has_prefix(text + next, number))
            next += strlen(number);
    }
}

/* The panels in a mention: "A" in "Fig. 3A" for the label "Figure 3". */
static void append_panel(Buffer *out, const char *label, const char *mention)
{
    const char *number = label + strlen(label);
    while (number > label && g_ascii_isdigit(number[-1]))
        number--;
    const char *found = *number ? strstr(mention, number) : NULL;
    if (!found || (found > mention && g_ascii_isdigit(found[-1])))
        return;
    found += strlen(number);
    buffer_append(out, found, panels_length(found, number));
}

/* "<xref>Figure 4</xref>C,D": the panels stand behind the mention. */
static gboolean is_followed_by_word(const XmlNode *xref)
{
    const XmlNode *next = xref->next;
    return next && next->name == XML_TEXT && g_ascii_isalnum(*next->text);
}

/* "Figure " before a mention that is only "3" would double the word. */
static void drop_word_before(TextForm *form, const char *mention)
{
    static const char *const words[] = {"Figure", "Figures", "Fig.", "Figs.", "Fig", "Figs", "Table", "Tables"};
    if (!g_ascii_isdigit(*mention))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gsize size = strlen(words[i]);
        const Buffer *line = &form->line;
        if (line->length < size || memcmp(line->data + line->length - size, words[i], size) != 0)
            continue;
        gsize before = line->length - size;
        if (before > 0 && g_ascii_isalnum(line->data[before - 1]))
            continue;
        form->space = before > 0 && line->data[before - 1] == ' ';
        while (before > 0 && line->data[before - 1] == ' ')
            before--;
        buffer_truncate(&form->line, before);
        return;
    }
}

/* One label for several floats, "Figures 7-10": a mention of "7" is "Figure 7". NULL: the label is of one. */
static char *label_of_several(const char *label, const char *mention)
{
    gsize word = strcspn(label, "0123456789"), behind = word + strspn(label + word, "0123456789");
    gboolean several = strcspn(label + behind, "0123456789") < strlen(label + behind);
    for (const char *at = label + behind; *at; at++)
        several &= !g_ascii_isalpha(*at); /* "Figure 2-figure supplement 1" is one */
    if (word == 0 || !several || !g_ascii_isdigit(*mention) || strcmp(mention, label + word) == 0)
        return NULL;
    gboolean one = mention[strspn(mention, "0123456789")] == '\0';
    g_autofree char *name = g_strchomp(g_strndup(label, word));
    gsize length = strlen(name);
    if (one && length > 1 && name[length - 1] == 's')
        name[length - 1] = '\0';
    return g_strdup_printf("%s %s", name, mention);
}

void jats_float_mention(JatsWalk *walk, const XmlNode *xref)
{
    TextForm *form = &walk->form;
    const char *rid = xml_attribute(xref, XML_RID);
    const XmlNode *target = rid ? g_hash_table_lookup(walk->floats, rid) : NULL;
    g_autofree char *mention = xml_text_string(xref, 256);
    g_autofree char *label = target ? float_label(target) : NULL;
    g_autofree char *caption = target ? caption_start(target) : NULL;
    if (!mention || (!label && !caption)) {
        xml_text_append(form, xref, NULL, NULL);
        return;
    }
    g_auto(Buffer) out;
    buffer_init(&out, CAPTION_LIMIT);
    buffer_append_string(&out, "[fig_ref]");
    g_autofree char *part = label ? label_of_several(label, mention) : NULL;
    buffer_append_string(&out, part ? part : label ? label : mention);
    if (label && !part)
        append_panel(&out, label, mention);
    if (label)
        drop_word_before(form, mention);
    if (caption) {
        buffer_append_string(&out, ": ");
        append_words(&out, caption, WORDS);
    }
    buffer_append_string(&out, "[/fig_ref]");
    if (form->line.length > 0 && g_ascii_isalnum(form->line.data[form->line.length - 1]))
        text_form_space(form); /* "see<xref>" in the source */
    if (!out.overflowed)
        text_form_text(form, out.data, out.length);
    if (is_followed_by_word(xref))
        text_form_space(form);
}

/* A full stop after a caption's title, when text follows and the title has no stop of its own. */
static void close_title(TextForm *form)
{
    Buffer *line = &form->line;
    if (line->length > 0 && !strchr(".?!:;,]", line->data[line->length - 1])) {
        form->space = FALSE;
        text_form_mark(form, ".");
    }
}

static gboolean append_caption(JatsWalk *walk, const XmlNode *caption)
{
    TextForm *form = &walk->form;
    gsize start = form->line.length;
    gboolean after_title = FALSE;
    if (!caption)
        return FALSE;
    XML_EACH_ELEMENT(part, caption) {
        if (!xml_is(part, XML_TITLE) && !xml_is(part, XML_P) && !jats_is_block(part))
            continue;
        if (after_title)
            close_title(form);
        after_title = xml_is(part, XML_TITLE);
        text_form_space(form);
        jats_text(walk, part);
    }
    return form->line.length > start;
}

static void append_row(TextForm *form, const XmlNode *row)
{
    gboolean first = TRUE;
    text_form_begin(form, BLOCK_LINE, "");
    XML_EACH_ELEMENT(cell, row) {
        if (!first) {
            form->space = FALSE;
            text_form_mark(form, " | ");
        }
        first = FALSE;
        xml_text_append(form, cell, drop_citation, NULL);
    }
}

/* Rows at any depth: thead, tbody, tgroup. */
static void append_rows(TextForm *form, const XmlNode *node)
{
    XML_EACH_ELEMENT(child, node) {
        if (xml_is(child, XML_TR) || xml_is(child, XML_ROW))
            append_row(form, child);
        else if (!xml_is(child, XML_LABEL) && !xml_is(child, XML_CAPTION) && !xml_is(child, XML_TABLE_WRAP_FOOT))
            append_rows(form, child);
    }
}

/* Floats inside a float: panels of a group, supplements of a figure, however they are wrapped. */
static void write_inner_floats(JatsWalk *walk, const XmlNode *node)
{
    XML_EACH_ELEMENT(child, node) {
        if (jats_is_float(child))
            jats_float(walk, child);
        else if (!xml_is(child, XML_CAPTION) && !xml_is(child, XML_TABLE))
            write_inner_floats(walk, child);
    }
}

void jats_float(JatsWalk *walk, const XmlNode *node)
{
    TextForm *form = &walk->form;
    gboolean table = is_table(node);
    gboolean cells = table && walk->options->tables && !is_group(node);
    g_autofree char *label = float_label(node);
    text_form_begin(form, BLOCK_PARAGRAPH, "");
    text_form_mark(form, table ? "[table]" : "[fig]");
    if (label)
        text_form_string(form, label);
    if (label && xml_child(node, XML_CAPTION))
        text_form_mark(form, ":");
    gboolean has_text = append_caption(walk, xml_child(node, XML_CAPTION));
    if (!has_text && !cells) {
        buffer_reset(&form->line);
        text_form_end(form);
    } else {
        if (cells)
            append_rows(form, node);
        form->space = FALSE;
        text_form_mark(form, table ? "[/table]" : "[/fig]");
        text_form_end(form);
    }
    write_inner_floats(walk, node);
    jats_pending_floats(walk);
}

void jats_pending_floats(JatsWalk *walk)
{
    const XmlNode *node;
    while ((node = g_queue_pop_head(&walk->pending)))
        jats_float(walk, node);
}
