/* SPDX-License-Identifier: Apache-2.0
 * A source's rules beside the generic extractor; see compare.h. */
#include "scrapers/extract/compare.h"

#include <string.h>

#include "scrapers/extract/content.h"
#include "scrapers/extract/noise.h"
#include "store/sections.h"
#include "scrapers/extract/serialise.h"

TextShape text_shape(const char *text)
{
    TextShape shape = {0};
    if (!text)
        return shape;
    shape.words = text_words(text);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        gsize marks = strspn(line, "#");
        shape.headings += marks > 0 && line[marks] == ' ';
    }
    return shape;
}

static gboolean far_apart(guint more, guint less)
{
    return more - less >= DISAGREE_WORDS && more > DISAGREE_RATIO * less;
}

gboolean text_shapes_disagree(TextShape a, TextShape b)
{
    if (far_apart(MAX(a.words, b.words), MIN(a.words, b.words)))
        return TRUE;
    guint more = MAX(a.headings, b.headings), less = MIN(a.headings, b.headings);
    return more >= DISAGREE_HEADINGS && more >= 4 * less;
}

TextShape generic_shape(Page *page, const ParseOptions *options, const char *title)
{
    g_auto(Selection) selection = {0};
    g_auto(Buffer) text;
    buffer_init(&text, DOCUMENT_TEXT_LIMIT);
    noise_mark(page);
    content_remove(page, options->remove);
    content_by_density(page, &selection);
    serialise(&selection, title, options->tables, &text);
    if (text.length > 0 && options->start_at)
        sections_start(&text, options->start_at);
    if (text.length > 0 && options->stop_at)
        sections_stop(&text, options->stop_at);
    return text_shape(text.data);
}

void document_set_meta(Document *document, const char *key, json_t *value)
{
    g_autoptr(json_t) meta = document->meta ? json_loads(document->meta, 0, NULL) : NULL;
    if (!meta)
        meta = json_object();
    json_object_set_new(meta, key, value);
    g_free(document->meta);
    document->meta = json_write(meta);
}

static json_t *shape_facts(TextShape shape)
{
    return json_pack("{s:i, s:i}", "words", (int)shape.words, "headings", (int)shape.headings);
}

void extractors_compare(Page *page, const ParseOptions *options, Document *document)
{
    TextShape own = text_shape(document->text), generic = generic_shape(page, options, document->title);
    if (text_shapes_disagree(own, generic))
        document_set_meta(document, "extractors", json_pack("{s:o, s:o}", "rules", shape_facts(own), "generic", shape_facts(generic)));
}
