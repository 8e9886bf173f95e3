/* SPDX-License-Identifier: Apache-2.0
 * Figures and tables: captions, mentions and, when asked for, cells; see jats_walk.h. */
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"

#define WORDS 12
#define CAPTION_LIMIT ((gsize)1 << 20)

static gboolean is_table(const XmlNode *node)
{
    return node->name == XML_TABLE_WRAP || node->name == XML_TABLE_WRAP_GROUP || jats_role(node->name) == JATS_TABLE;
}

static gboolean is_group(const XmlNode *node)
{
    return xml_is(node, XML_FIG_GROUP) || xml_is(node, XML_TABLE_WRAP_GROUP);
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

static void read_target(JatsTarget *target)
{
    if (target->read)
        return;
    target->label = float_label(target->node);
    target->caption = caption_start(target->node);
    target->read = TRUE;
}

gboolean jats_float_mention(JatsWalk *walk, JatsTarget *target, const XmlNode *xref)
{
    TextForm *form = &walk->form;
    g_autofree char *mention = xml_text_string(xref, 256);
    read_target(target);
    const char *label = target->label, *caption = target->caption;
    if (!mention || (!label && !caption))
        return FALSE;
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
    return TRUE;
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

/* A blank, but not behind the mark that a caption without a label begins with; `start` is where the caption does. */
static void part_from_before(TextForm *form, gsize start)
{
    if (form->line.length > start || (start > 0 && form->line.data[start - 1] == ':'))
        text_form_space(form);
}

/* The parts of a caption, and paragraphs that stand beside it. Returns whether there was any text. */
static gboolean append_caption(JatsWalk *walk, const XmlNode *node)
{
    TextForm *form = &walk->form;
    const XmlNode *caption = xml_child(node, XML_CAPTION);
    gsize start = form->line.length;
    gboolean after_title = FALSE;
    XML_EACH_ELEMENT(part, caption) {
        JatsRole role = jats_role_of(part);
        if (part->name != XML_TITLE && role < JATS_PARAGRAPH)
            continue;
        gsize before = form->line.length;
        if (after_title)
            close_title(form);
        part_from_before(form, start);
        jats_text(walk, part);
        after_title = part->name == XML_TITLE && form->line.length > before;
    }
    XML_EACH(paragraph, node, XML_P) {
        part_from_before(form, start);
        jats_text(walk, paragraph);
    }
    return form->line.length > start;
}

/* Floats inside a float: panels of a group, supplements of a figure, however they are wrapped. */
static void write_inner_floats(JatsWalk *walk, const XmlNode *node)
{
    XML_EACH_ELEMENT(child, node) {
        JatsRole role = jats_role_of(child);
        if (role == JATS_FLOAT)
            jats_float(walk, child);
        else if (child->name == XML_CAPTION)
            write_inner_floats(walk, child);
        else if (role != JATS_OUT && role != JATS_TABLE)
            write_inner_floats(walk, child);
    }
}

/* Notes below a table go with its cells. */
static void append_table_notes(JatsWalk *walk, const XmlNode *foot)
{
    XML_EACH_ELEMENT(child, foot) {
        if (child->name == XML_FN_GROUP) {
            append_table_notes(walk, child);
            continue;
        }
        text_form_begin(&walk->form, BLOCK_LINE, "");
        g_autofree char *note = jats_line(walk, child);
        if (note)
            text_form_string(&walk->form, note);
    }
}

static void append_cells(JatsWalk *walk, const XmlNode *node)
{
    jats_table(walk, node);
    XML_EACH(foot, node, XML_TABLE_WRAP_FOOT)
        append_table_notes(walk, foot);
}

void jats_float(JatsWalk *walk, const XmlNode *node)
{
    TextForm *form = &walk->form;
    gboolean table = is_table(node), in_line = walk->in_line;
    gboolean cells = table && walk->options->tables && !is_group(node);
    g_autofree char *label = float_label(node);
    TextFormPlace start = text_form_place(form);
    text_form_begin(form, BLOCK_FLOAT, "");
    text_form_mark(form, table ? "[table]" : "[fig]");
    if (label)
        text_form_string(form, label);
    if (label && xml_child(node, XML_CAPTION))
        text_form_mark(form, ":");
    walk->in_line = TRUE;
    gboolean has_text = append_caption(walk, node);
    if (cells) {
        gsize before = form->out.length;
        append_cells(walk, node);
        has_text |= form->out.length > before;
    }
    walk->in_line = in_line;
    if (form->kind == BLOCK_NONE)
        text_form_begin(form, BLOCK_LINE, "");
    form->space = FALSE;
    text_form_mark(form, table ? "[/table]" : "[/fig]");
    text_form_end(form);
    if (!has_text)
        text_form_return(form, start);
    write_inner_floats(walk, node);
    jats_waiting(walk);
}
