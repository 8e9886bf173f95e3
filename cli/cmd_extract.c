/* SPDX-License-Identifier: Apache-2.0
 * galen extract: saved pages and other files to text, as a build would do it. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "scrapers/parse_worker.h"

#define PROGRAM "/proc/self/exe"

typedef struct Options {
    char **content, **remove, **start_at, **stop_at;
    char *title, *date, *url, *format, *compat;
    gboolean tables, json;
} Options;

static void print_fact(const char *name, const char *value)
{
    if (value)
        fprintf(stderr, "%s: %s\n", name, value);
}

static void print_text(const Document *document)
{
    print_fact("date", document->date);
    print_fact("licence", document->licence);
    print_fact("meta", document->meta);
    if (document->title && *document->title)
        printf("%s\n\n", document->title);
    fwrite(document->text, 1, document->text_length, stdout);
    putchar('\n');
}

static void print_line(const Record *record, const ParsedRecord *parsed)
{
    const Document *document = &parsed->document;
    g_autoptr(json_t) line = json_object();
    json_object_set_new(line, "origin", json_text(record->origin));
    json_object_set_new(line, "rule", json_text(parsed->failure.rule));
    json_object_set_new(line, "detail", json_text(parsed->failure.rule ? parsed->failure.detail : NULL));
    json_object_set_new(line, "title", json_text(document->title));
    json_object_set_new(line, "url", json_text(document->url));
    json_object_set_new(line, "date", json_text(document->date));
    json_object_set_new(line, "language", json_text(document->language));
    json_object_set_new(line, "licence", json_text(document->licence));
    json_object_set_new(line, "meta", document->meta ? json_parse(document->meta, strlen(document->meta), "meta", NULL) : json_null());
    json_object_set_new(line, "text", json_text(document->text));
    g_autofree char *text = json_write(line);
    puts(text);
}

/* A record that the reader could not cut out is passed on with its own verdict. FALSE: the machine failed. */
static gboolean extract_record(Parser *parser, Record *record, const Options *options, gboolean *bad, GError **error)
{
    ParsedRecord parsed = {0};
    if (options->url && !record->url)
        record->url = g_strdup(options->url);
    if (record->rule)
        parse_failure_set(&parsed.failure, record->rule, "%s", record->detail);
    else if (!parser_parse(parser, record, 1, &parsed, error))
        return FALSE;
    if (options->json)
        print_line(record, &parsed);
    else if (parsed.failure.rule)
        fprintf(stderr, "%s: %s: %s\n", record->origin, parsed.failure.rule, parsed.failure.detail);
    else
        print_text(&parsed.document);
    *bad |= parsed.failure.rule != NULL;
    parsed_record_clear(&parsed);
    return TRUE;
}

static gboolean extract_file(Parser *parser, const char *path, const Options *options, gboolean *bad, GError **error)
{
    g_autoptr(RecordReader) reader = record_reader_open(format_find(options->format), path, error);
    if (!reader)
        return FALSE;
    for (;;) {
        g_auto(Record) record = {0};
        int more = record_reader_next(reader, &record, error);
        if (more <= 0)
            return more == 0;
        if (!extract_record(parser, &record, options, bad, error))
            return FALSE;
    }
}

static RecipeStrings strings_of(char **list)
{
    return (RecipeStrings){.items = list, .count = list ? g_strv_length(list) : 0};
}

static int extract_files(char **paths, const Options *options)
{
    RecipeSource source = {.tag = (char *)"extract", .format = options->format, .compat = options->compat};
    source.extract = (RecipeExtract){
        .content = strings_of(options->content), .remove = strings_of(options->remove),
        .start_at = strings_of(options->start_at), .stop_at = strings_of(options->stop_at),
        .title = options->title, .date = options->date, .tables = options->tables,
    };
    GError *error = NULL;
    g_autoptr(ParseOptions) rules = parse_options_new(&source);
    g_autoptr(Parser) parser = parser_new(PROGRAM, rules, &error);
    gboolean bad = FALSE;
    if (!parser)
        return command_fail(error);
    for (; *paths; paths++)
        if (!extract_file(parser, *paths, options, &bad, &error))
            return command_fail(error);
    return bad ? EXIT_BAD_INPUT : EXIT_GOOD;
}

static void options_clear(Options *options)
{
    g_strfreev(options->content);
    g_strfreev(options->remove);
    g_strfreev(options->start_at);
    g_strfreev(options->stop_at);
    g_free(options->title);
    g_free(options->date);
    g_free(options->url);
    g_free(options->format);
    g_free(options->compat);
}

/* "medline, jats, ..." */
static char *format_names(void)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const Format *const *format = format_table; *format; format++)
        g_ptr_array_add(names, (gpointer)(*format)->name);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
}

static int extract(const Command *command, int argc, char **argv, const Options *options)
{
    if (argc < 2)
        return command_usage(command, "it takes at least one file");
    if (options->compat && (strcmp(options->compat, "meditron") != 0 || strcmp(options->format, "s2orc") != 0))
        return command_usage(command, "--compat is meditron, and goes with --format s2orc");
    if (format_find(options->format))
        return extract_files(argv + 1, options);
    g_autofree char *names = format_names();
    return command_usage(command, "there is no format '%s'; the formats are %s", options->format, names);
}

static int run(const Command *command, int argc, char **argv)
{
    Options options = {0};
    const GOptionEntry entries[] = {
        {"format", 0, 0, G_OPTION_ARG_STRING, &options.format, "What the files are (html)", "FORMAT"},
        {"compat", 0, 0, G_OPTION_ARG_STRING, &options.compat, "Text as that program wrote it: meditron (s2orc)", "PROGRAM"},
        {"content", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.content, "Elements that hold the document", "XPATH"},
        {"remove", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.remove, "Elements to leave out of it", "XPATH"},
        {"title", 0, 0, G_OPTION_ARG_STRING, &options.title, "The title", "XPATH"},
        {"date", 0, 0, G_OPTION_ARG_STRING, &options.date, "The date of publication", "XPATH"},
        {"start-at", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.start_at, "Leave out what stands before it", "HEADING"},
        {"stop-at", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.stop_at, "Leave out this section", "HEADING"},
        {"tables", 0, 0, G_OPTION_ARG_NONE, &options.tables, "Keep tables", NULL},
        {"url", 0, 0, G_OPTION_ARG_STRING, &options.url, "Where the page was saved from", "URL"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "A JSON object a page and line, with all that is known", NULL},
        {NULL},
    };
    int status;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (!options.format)
        options.format = g_strdup("html");
    status = extract(command, argc, argv, &options);
    options_clear(&options);
    return status;
}

const Command command_extract = {
    .name = "extract",
    .arguments = "FILE...",
    .summary = "print the text of saved HTML pages or papers, as a build would take it",
    .details = "The options are those of a recipe's `extract`; without any, main content is found by itself. FILE may be compressed, or\n"
               "an archive; --format says what it holds where that is not HTML: jats, medline and the other formats of a recipe.\n"
               "Facts go to standard error; with --json all goes to standard output.\n\n"
               "Examples:\n"
               "  galen extract page.html\n"
               "  galen extract page.html --content '//div[@id=\"guideline\"]' --remove '//nav' --stop-at References\n"
               "  galen extract saved/*.html.gz --json\n"
               "  galen extract --format jats article.nxml\n"
               "  galen extract --format s2orc --compat meditron papers.jsonl.gz",
    .run = run,
};
