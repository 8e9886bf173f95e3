/* SPDX-License-Identifier: Apache-2.0
 * galen scrape: fetch the sites of a recipe, and nothing else. */
#include <stdio.h>

#include "cli/commands.h"
#include "scrapers/source_crawls.h"

typedef struct Options {
    char *output, *inputs;
    gboolean json, quiet, refetch;
} Options;

static void print_crawls(const GArray *crawls)
{
    printf("%-12s %10s %10s %10s %10s\n", "source", "fetched", "unchanged", "failed", "refused");
    for (guint i = 0; i < crawls->len; i++) {
        const SourceCrawl *crawl = &g_array_index(crawls, SourceCrawl, i);
        g_autofree char *fetched = format_count(crawl->summary.fetched);
        g_autofree char *unchanged = format_count(crawl->summary.unchanged);
        g_autofree char *failed = format_count(crawl->summary.failed);
        g_autofree char *refused = format_count(crawl->summary.refused);
        printf("%-12s %10s %10s %10s %10s%s\n", crawl->source->tag, fetched, unchanged, failed, refused,
               crawl->error ? "  not finished" : "");
    }
}

static void print_crawls_json(const GArray *crawls)
{
    json_t *list = json_array();
    for (guint i = 0; i < crawls->len; i++) {
        const SourceCrawl *crawl = &g_array_index(crawls, SourceCrawl, i);
        json_t *object = json_object();
        json_object_set_new(object, "source", json_text(crawl->source->tag));
        json_object_set_new(object, "finished", json_boolean(!crawl->error));
        json_object_set_new(object, "fetched", json_integer((json_int_t)crawl->summary.fetched));
        json_object_set_new(object, "unchanged", json_integer((json_int_t)crawl->summary.unchanged));
        json_object_set_new(object, "failed", json_integer((json_int_t)crawl->summary.failed));
        json_object_set_new(object, "refused", json_integer((json_int_t)crawl->summary.refused));
        json_object_set_new(object, "error", json_text(crawl->error ? crawl->error->message : NULL));
        json_array_append_new(list, object);
    }
    print_json(json_pack("{s:i, s:o}", "version", 1, "sources", list));
}

/* What went wrong goes to standard error, source by source. */
static void print_troubles(const GArray *crawls)
{
    fflush(stdout);
    for (guint i = 0; i < crawls->len; i++) {
        const SourceCrawl *crawl = &g_array_index(crawls, SourceCrawl, i);
        fputs(crawl->notices->str, stderr);
    }
}

static gboolean scrape(const Recipe *recipe, const Options *options, char *const *tags, GError **error)
{
    g_autoptr(Store) store = store_open(options->output, STORE_CREATE, error);
    g_autoptr(GArray) crawls = store ? source_crawls(recipe, store_directory(store), tags, error) : NULL;
    if (!crawls)
        return FALSE;
    if (options->refetch || !source_crawls_finished(crawls, NULL))
        store_mark_unfinished(store); /* its captures change */
    g_autoptr(Progress) progress = progress_new();
    Screen *screen = screen_start(progress, options->quiet);
    gboolean good = crawl_all((SourceCrawl *)(gpointer)crawls->data, crawls->len, options->refetch, progress, error);
    screen_stop(screen);
    if (options->json)
        print_crawls_json(crawls);
    else
        print_crawls(crawls);
    if (crawls->len)
        print_troubles(crawls);
    return good;
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *output = NULL, *inputs = NULL;
    Options options = {0};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &output, "The store whose captures to fill", "STORE"},
        {"inputs", 0, 0, G_OPTION_ARG_FILENAME, &inputs, "Where relative paths of the recipe start (its own folder)", "FOLDER"},
        {"refetch", 0, 0, G_OPTION_ARG_NONE, &options.refetch, "Ask finished sites again for what has changed", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print the result as JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, "Show no progress", NULL},
        {NULL},
    };
    int status;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    options.output = output;
    if (argc < 2)
        return command_usage(command, "which recipe?");
    if (!output)
        return command_usage(command, "say where the captures go: -o STORE");
    GError *error = NULL;
    g_autoptr(Recipe) recipe = recipe_load(argv[1], inputs, &error);
    if (recipe)
        scrape(recipe, &options, argv + 2, &error);
    return error ? command_fail(error) : EXIT_GOOD;
}

const Command command_scrape = {
    .name = "scrape",
    .arguments = "RECIPE -o STORE [TAG...]",
    .summary = "fetch the sites of a recipe into a store's captures",
    .details = "Crawls the sources TAG, or all that are sites, side by side, and stops there; 'galen build' reads the captures\n"
               "later without the network. Killed at any moment, the same command goes on where it was. A finished crawl is\n"
               "not repeated: --refetch asks the site again, takes over what the server calls unchanged, and puts the new\n"
               "capture in the old one's place when it is finished.\n\n"
               "Examples:\n"
               "  galen scrape recipe.yaml -o corpus.galen\n"
               "  galen scrape recipe.yaml -o corpus.galen cdc who --refetch\n\n"
               "A page that fails is counted and named; a site that cannot be reached gives exit status 4.",
    .run = run,
};
