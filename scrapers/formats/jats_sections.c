/* SPDX-License-Identifier: Apache-2.0
 * Which sections are about the paper rather than of it; see jats_walk.h. */
#include "scrapers/formats/jats_walk.h"
#include "scrapers/formats/xml_text.h"

#define TITLE_LIMIT 4096
#define TITLE_TAIL 40 /* bytes that may follow the words that say so */

const XmlNode *jats_heading(const XmlNode *node)
{
    const XmlNode *titles[] = {xml_child(node, XML_TITLE), xml_path(node, XML_CAPTION, XML_TITLE), xml_child(node, XML_LABEL)};
    for (gsize i = 0; i < G_N_ELEMENTS(titles); i++) {
        g_autofree char *text = xml_text_string(titles[i], TITLE_LIMIT);
        if (text)
            return titles[i];
    }
    return NULL;
}

/* Words that begin titles of back matter, and titles of a paper's own sections as well: "Disclosure to patients". */
static gboolean is_short_back_matter(const char *text)
{
    static const char *const starts[] = {"funding", "disclosure", "disclosures", "references", "financial support",
                                         "conflict of interest", NULL};
    static const char *const fillers[] = {"and", "of", "the", "for", "source", "sources", "statement", "statements", "support",
                                          "information", "acknowledgments", "acknowledgements", "acknowledgment", "cited",
                                          "acknowledgement", "conflict", "conflicts", "interest", "interests", "competing",
                                          "disclosure", "disclosures", "funding", "financial", "author", "authors", "notes",
                                          "declaration", "declarations", "role", "potential", "section", "details", "further",
                                          "reading", "grant", "grants", "sponsor", "sponsors", "sponsorship", "summary", NULL};
    gsize length = 0;
    for (gsize i = 0; starts[i]; i++)
        if (g_str_has_prefix(text, starts[i]) && !g_ascii_isalnum(text[strlen(starts[i])]))
            length = strlen(starts[i]);
    if (length == 0)
        return FALSE;
    g_auto(GStrv) words = g_strsplit_set(text + length, " .,:;/&()'", 32);
    for (char **word = words; *word; word++)
        if (**word && !g_strv_contains(fillers, *word))
            return FALSE;
    return TRUE;
}

static gboolean starts_with_one_of(const char *text, const char *const *starts)
{
    for (; *starts; starts++)
        if (g_str_has_prefix(text, *starts) && strlen(text) < strlen(*starts) + TITLE_TAIL)
            return TRUE;
    return FALSE;
}

/* Some titles say so wherever they stand, others only on top, where they are no part of the argument. */
static gboolean is_back_matter(const char *title, guint depth)
{
    static const char *const anywhere[] = {"acknowledgement", "acknowledgment", "author contribution", "authors contribution",
                                           "author s contribution", "authors' contribution", "author's contribution",
                                           "competing interest", "conflict of interest statement", "conflicts of interest statement",
                                           "declaration of interest", "publisher's note", "pre-publication history",
                                           "prepublication history", NULL};
    static const char *const on_top[] = {"acknowledg", "conflicts of interest", "supplementary material", "supplemental material",
                                         "supplementary data", "supplementary information", "electronic supplementary",
                                         "supporting information", "additional files", "additional information and declarations",
                                         "data availability", "availability of data", "author details", "author information",
                                         "authors' information", "provenance and peer review", NULL};
    g_autofree char *plain = g_utf8_strdown(title, -1);
    g_autoptr(GString) straight = g_string_new(plain);
    g_string_replace(straight, "\xe2\x80\x99", "'", 0);
    const char *text = straight->str + strspn(straight->str, "0123456789. ");
    return starts_with_one_of(text, anywhere) || (depth == 1 && (starts_with_one_of(text, on_top) || is_short_back_matter(text)));
}

gboolean jats_section_is_out(const XmlNode *section, guint depth)
{
    static const char *const types[] = {"supplementary-material", "COI-statement", "funding", "contributions", "data-availability",
                                        "ref-list", "ack", "additional-information", "author-contribution", "competing-interest"};
    const char *type = xml_attribute(section, XML_SEC_TYPE);
    for (gsize i = 0; type && i < G_N_ELEMENTS(types); i++)
        if (g_str_has_prefix(type, types[i]))
            return TRUE;
    g_autofree char *title = xml_text_string(jats_heading(section), TITLE_LIMIT);
    return title && is_back_matter(title, depth);
}
