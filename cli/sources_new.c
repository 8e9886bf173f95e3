/* SPDX-License-Identifier: Apache-2.0
 * galen sources new: a page, live or saved, to a drafted source file. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/sources.h"
#include "scrapers/draft.h"
#include "scrapers/source_pages.h"

typedef struct NewOptions {
    char *output, *start, *url, *save;
    gboolean allow_private;
} NewOptions;

/* One page over HTTP, by robots.txt as any crawl. */
static gboolean fetch_page(const char *url, gboolean allow_private, Record *page, GError **error)
{
    char *starts[] = {(char *)url, NULL};
    RecipeCrawl crawl = {.start = {starts, 1}, .max_bytes = 32 << 20, .timeout = 60, .allow_private = allow_private, .fetch = (char *)"http"};
    RecipeSource source = {.tag = (char *)"new", .format = (char *)"html", .crawl = &crawl};
    g_autoptr(GString) notices = g_string_new(NULL);
    g_auto(FewPages) few = {0};
    gboolean good = few_pages_fetch(&source, NULL, 1, 0, NULL, notices, &few, error);
    if (good && few.pages->len > 0) {
        Record *first = few.pages->pdata[few.pages->len - 1];
        *page = *first;
        *first = (Record){0};
    } else if (good) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s gives no page\n%s", url, notices->str);
        good = FALSE;
    }
    return good;
}

static gboolean read_page(const char *name, const NewOptions *options, Record *page, GError **error)
{
    if (g_str_has_prefix(name, "http://") || g_str_has_prefix(name, "https://"))
        return fetch_page(name, options->allow_private, page, error);
    page->origin = g_strdup(name);
    page->url = g_strdup(options->url);
    return file_read(name, RECORD_LIMIT, &page->bytes, &page->length, error);
}

static gboolean write_out(const char *draft, const char *output, GError **error)
{
    if (!output) {
        fputs(draft, stdout);
        return TRUE;
    }
    if (g_file_test(output, G_FILE_TEST_EXISTS)) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "%s exists; remove it first, or choose another name", output);
        return FALSE;
    }
    return file_replace(output, draft, strlen(draft), error);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *output = NULL, *start = NULL, *url = NULL, *save = NULL;
    NewOptions options = {0};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "Write the draft here, not to standard output", "FILE"},
        {"save", 0, 0, G_OPTION_ARG_FILENAME, &save, "Save the page below this folder, for 'galen sources test'", "FOLDER"},
        {"start", 0, 0, G_OPTION_ARG_STRING, &start, "The page that lists the documents, where the crawl begins", "URL"},
        {"url", 0, 0, G_OPTION_ARG_STRING, &url, "The address of a saved page that does not say its own", "URL"},
        {"allow-private", 0, 0, G_OPTION_ARG_NONE, &options.allow_private, "Allow loopback and private addresses", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 2, &argc, &argv, &status))
        return status;
    options.url = url;
    options.save = save;
    GError *error = NULL;
    g_auto(Record) page = {0};
    DraftRequest request = {
        .tag = argv[1], .page = &page, .start = start, .allow_private = options.allow_private, .program = SOURCES_PROGRAM};
    g_autofree char *draft = read_page(argv[2], &options, &page, &error) ? source_draft(&request, &error) : NULL;
    if (!draft || (save && !saved_page_write(save, page.url ? page.url : "", &page, &error)) || !write_out(draft, output, &error))
        return command_fail(error);
    return EXIT_GOOD;
}

const Command command_sources_new = {
    .name = "sources new",
    .arguments = "TAG URL|PAGE",
    .summary = "look at a page, live or saved, and draft a source file",
    .details = "The page should be a document of the site, as one guideline, not a list of them. The draft guesses selectors for\n"
               "title and text, the addresses of documents and the licence, and says in comments what to check.\n\n"
               "Examples:\n"
               "  galen sources new riverside https://riverside.example/guidance/asthma.html -o riverside.yaml --save pages\n"
               "  galen sources new riverside saved.html --url https://riverside.example/guidance/asthma.html",
    .run = run,
};
