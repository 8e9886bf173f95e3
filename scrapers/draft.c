/* SPDX-License-Identifier: Apache-2.0
 * A page to a drafted source file; see draft.h. */
#include "scrapers/draft.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "scrapers/fetch/links.h"
#include "scrapers/fetch/url.h"
#include "scrapers/source_pages.h"

#define PRODUCT "galen"
#define LEAST_LIKES 2      /* links to pages of one kind that make an expression worth while */
#define SAMPLE_WORDS 8     /* of the text that the first test looks for */
#define SAMPLE_LEAST 40    /* characters of the paragraph that it is taken from */

/* A YAML scalar in double quotes: JSON's strings are YAML's too. g_free. */
static char *yaml_string(const char *text)
{
    g_autoptr(json_t) value = json_text(text ? text : "");
    char *dumped = json_dumps(value, JSON_ENCODE_ANY);
    char *copy = g_strdup(dumped);
    free(dumped);
    return copy;
}

static void append_key(GString *yaml, const char *key, const char *value, const char *comment)
{
    g_autofree char *quoted = yaml_string(value);
    g_string_append_printf(yaml, "%s: %s%s%s\n", key, quoted, comment ? "   # " : "", comment ? comment : "");
}

/* ---- The expression for documents ------------------------------------------------------------------------------- */

/* The URL up to its last slash, query left out; g_free. */
static char *folder_of(const char *url)
{
    gsize length = strcspn(url, "?");
    const char *slash = memrchr(url, '/', length);
    return g_strndup(url, slash ? (gsize)(slash - url) + 1 : length);
}

/* How many links there are into the folder. */
static guint count_likes(const GPtrArray *links, const char *folder)
{
    guint count = 0;
    for (guint i = 0; i < links->len; i++) {
        g_autofree char *other = folder_of(links->pdata[i]);
        count += strcmp(other, folder) == 0 && strcmp(links->pdata[i], folder) != 0;
    }
    return count;
}

/* An expression for the pages beside this one. Where none of its links lead to such, one folder further up. */
static char *guess_pages(const char *url, const GPtrArray *links)
{
    g_autofree char *folder = folder_of(url), *origin = url_origin(url);
    const char *path = folder + strlen(origin);
    if (strcmp(path, "/") == 0 || strcmp(url, folder) == 0)
        return NULL;
    g_autofree char *escaped = g_regex_escape_string(path, -1);
    return g_strdup_printf(count_likes(links, folder) >= LEAST_LIKES ? "%s[^/]+$" : "%s", escaped);
}

/* ---- The draft -------------------------------------------------------------------------------------------------- */

/* The first words of the first real paragraph; g_free, or NULL. */
static char *sample_of(const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (char **line = lines; *line; line++) {
        if (**line == '#' || strlen(*line) < SAMPLE_LEAST)
            continue;
        g_auto(GStrv) words = g_strsplit(*line, " ", SAMPLE_WORDS + 1);
        if (g_strv_length(words) > SAMPLE_WORDS)
            words[SAMPLE_WORDS][0] = '\0';
        g_autofree char *joined = g_strjoinv(" ", words);
        return g_strdup(g_strstrip(joined));
    }
    return NULL;
}

static void append_crawl(GString *yaml, const DraftRequest *request, const char *url, const GPtrArray *links)
{
    g_autofree char *start = yaml_string(request->start ? request->start : url), *pages = guess_pages(url, links);
    g_autofree char *quoted = pages ? yaml_string(pages) : NULL;
    g_string_append_printf(yaml, "crawl:\n  start: [%s]   # pages that list the documents\n", start);
    if (quoted)
        g_string_append_printf(yaml, "  pages: [%s]   # regular expressions of the documents' addresses\n", quoted);
    else
        g_string_append(yaml, "  # pages: [\"/guidelines/[^/]+$\"]   # regular expressions of the documents' addresses\n");
    g_string_append(yaml, "  # follow: []   # of links to read besides; without any: the whole site\n"
                          "  # skip: []     # of links never to follow\n"
                          "  delay: 1.0\n"
                          "  # contact: you@example.org   # for the User-Agent; please set it\n");
    if (request->allow_private)
        g_string_append(yaml, "  allow_private: true   # the page was on a private address\n");
}

static void append_extract(GString *yaml, const json_t *suggest)
{
    const char *title = json_get_string(suggest, "title"), *content = json_get_string(suggest, "content");
    g_autofree char *quoted_title = yaml_string(title), *quoted_content = yaml_string(content);
    g_string_append(yaml, "extract:\n");
    g_string_append_printf(yaml, title ? "  title: %s\n" : "  # title: %s   # the page has no h1; its own title is taken\n", quoted_title);
    if (content)
        g_string_append_printf(yaml, "  content: [%s]   # what the generic extractor chose: check it on other pages\n", quoted_content);
    else
        g_string_append(yaml, "  # content: [\"css:main\"]   # the generic extractor decides while this is not set\n");
    g_string_append(yaml, "  # remove: [\"css:.related-links\"]   # what is inside the content and is no part of the text\n"
                          "  tables: false\n");
    const char *chapters = json_get_string(suggest, "chapters");
    g_autofree char *quoted_chapters = yaml_string(chapters ? chapters : "css:ul.toc a");
    g_string_append_printf(yaml, "  # chapters: {links: [%s]}   # where several pages make one document: %s\n", quoted_chapters,
                           chapters ? "this page links to pages below it; are they its chapters?" : "links to the others");
}

static void append_test(GString *yaml, const char *url, const Document *document)
{
    g_autofree char *page = yaml_string(url), *title = yaml_string(document->title), *sample = sample_of(document->text);
    g_autofree char *quoted = sample ? yaml_string(sample) : NULL;
    g_string_append_printf(yaml, "tests:   # add two or three pages of other kinds, and what must not come out (lacks)\n  - page: %s\n", page);
    if (document->title)
        g_string_append_printf(yaml, "    title: %s\n", title);
    if (quoted)
        g_string_append_printf(yaml, "    contains: [%s]\n", quoted);
    g_string_append(yaml, "    # lacks: [\"Cookie\"]\n");
}

static char *write_draft(const DraftRequest *request, const char *url, const Document *document)
{
    g_autoptr(json_t) meta = document->meta ? json_loads(document->meta, 0, NULL) : NULL;
    g_autofree char *origin = url_origin(url), *host = url_site(url);
    g_autoptr(GPtrArray) links = links_find(request->page->bytes, request->page->length, url, NULL, PRODUCT);
    const char *site = json_get_string(meta, "site");
    GString *yaml = g_string_new(NULL);
    g_string_append_printf(yaml, "# The source %s, drafted from %s\n# Check each line; 'galen sources test' and 'galen sources check' tell whether it works.\n",
                           request->tag, url);
    append_key(yaml, "tag", request->tag, NULL);
    append_key(yaml, "name", site ? site : host, "for people: check");
    append_key(yaml, "publisher", site ? site : host, "who stands behind the texts: check");
    append_key(yaml, "homepage", origin, NULL);
    append_key(yaml, "audience", "doctor", "doctor, patient or both: check");
    append_key(yaml, "country", "international", "ISO 3166 code, as CA, or international: check");
    append_key(yaml, "format", "html", NULL);
    append_key(yaml, "group", "guidelines", NULL);
    if (document->licence)
        append_key(yaml, "licence", document->licence, "the page links to it: check that it is the text's");
    else
        g_string_append(yaml, "# licence: \"CC-BY-4.0\"   # the page names none: look for the site's terms\n");
    g_string_append(yaml, "redistributable: false   # true only where the licence says so\n");
    append_crawl(yaml, request, url, links);
    append_extract(yaml, json_object_get(json_object_get(meta, "probe"), "suggest"));
    g_string_append(yaml, "# expected: {documents: 100, ktokens: 200}   # 'galen sources check' compares with it\n");
    append_test(yaml, url, document);
    return g_string_free(yaml, FALSE);
}

char *source_draft(const DraftRequest *request, GError **error)
{
    RecipeSource source = {.tag = (char *)request->tag, .format = (char *)"html"};
    g_auto(PageParser) parser = {0};
    ParsedRecord parsed = {0};
    if (!page_parser_open(&parser, &source, request->program, TRUE, error) || !parser_parse(parser.parser, request->page, 1, &parsed, error))
        return NULL;
    const char *place = request->page->url ? request->page->url : request->page->origin;
    g_autofree char *url = url_normalise(request->page->url ? request->page->url : parsed.document.url ? parsed.document.url : "");
    char *draft = NULL;
    if (parsed.failure.rule)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s gives no document: %s; choose a page with text", place, parsed.failure.detail);
    else if (!url)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s does not say its own address; give it with --url", place);
    else
        draft = write_draft(request, url, &parsed.document);
    parsed_record_clear(&parsed);
    return draft;
}
