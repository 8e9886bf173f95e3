/* SPDX-License-Identifier: Apache-2.0
 * galen duplicates: which documents were found to be one, how alike they are, and where they differ. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/diff.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/duplicates.h"
#include "store/chapters.h"
#include "store/clusters.h"

#define SHOWN_CLUSTERS 50
#define SHOWN_MEMBERS 10
#define DEFAULT_WIDTH 100

typedef struct Options {
    char *rule, *of, *against;
    int limit; /* 0: all */
    int width; /* 0: that of the terminal */
    gboolean unified, json, colour, passages;
} Options;

/* Columns of the terminal, or what the environment says. */
static unsigned terminal_width(void)
{
    struct winsize size;
    const char *columns = g_getenv("COLUMNS");
    if (columns && atoi(columns) > 0)
        return (unsigned)atoi(columns);
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return DEFAULT_WIDTH;
}

/* The clean text; of a document that never got one, the extracted one. */
static gboolean read_text(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error)
{
    g_auto(Document) document = {0};
    GError *cause = NULL;
    if (cleaned_get(txn, docno, text, length, &cause))
        return TRUE;
    if (cause) {
        g_propagate_error(error, cause);
        return FALSE;
    }
    if (!document_get(txn, docno, &document, error) || !chapters_join(txn, docno, &document, error))
        return FALSE;
    *text = g_steal_pointer(&document.text);
    *length = document.text_length;
    return TRUE;
}

static char *compare_texts(StoreTxn *txn, Docno before, Docno after, const Options *options, GError **error)
{
    g_autofree char *left = NULL, *right = NULL;
    gsize left_length, right_length;
    if (!read_text(txn, before, &left, &left_length, error) || !read_text(txn, after, &right, &right_length, error))
        return NULL;
    GString *out = g_string_new(NULL);
    if (options->unified || options->json)
        diff_unified(out, left, left_length, right, right_length, options->colour);
    else
        diff_columns(out, left, left_length, right, right_length, (unsigned)options->width, options->colour);
    return g_string_free(out, FALSE);
}

/* ---- Printing ---------------------------------------------------------------------------------------------------- */

static void print_document(const char *label, const json_t *facts)
{
    const char *title = json_get_string(facts, "title");
    printf("%s %lld %s/%s%s%s", label, (long long)json_integer_value(json_object_get(facts, "docno")), json_get_string(facts, "source"),
           json_get_string(facts, "id"), title ? "  " : "", title ? title : "");
}

static void print_member(const json_t *member, json_int_t kept)
{
    const json_t *value = json_object_get(member, "value"), *threshold = json_object_get(member, "threshold");
    const char *detail = json_get_string(member, "detail");
    json_int_t winner = json_integer_value(json_object_get(member, "winner"));
    print_document("  merged", member);
    printf("\n           %s", json_get_string(member, "rule"));
    if (json_is_real(value))
        printf(" %.4g", json_real_value(value));
    if (json_is_real(threshold))
        printf(" against %.4g", json_real_value(threshold));
    if (winner != kept)
        printf(", in favour of %lld", (long long)winner);
    printf("%s%s%s\n", detail ? " (" : "", detail ? detail : "", detail ? ")" : "");
}

static void print_cluster(const json_t *cluster)
{
    gsize index;
    json_t *member, *kept = json_object_get(cluster, "kept"), *members = json_object_get(cluster, "members");
    json_int_t size = json_integer_value(json_object_get(cluster, "size"));
    printf("%lld documents\n", (long long)size);
    print_document("  kept  ", kept);
    putchar('\n');
    json_array_foreach(members, index, member)
        print_member(member, json_integer_value(json_object_get(kept, "docno")));
    if ((json_int_t)json_array_size(members) + 1 < size)
        printf("  and %lld more; --of %lld lists all\n", (long long)(size - 1 - (json_int_t)json_array_size(members)),
               (long long)json_integer_value(json_object_get(kept, "docno")));
}

static void print_diff(Docno before, Docno after, const char *diff)
{
    printf("\n--- %" G_GUINT64_FORMAT "\n+++ %" G_GUINT64_FORMAT "\n", before, after);
    fputs(*diff ? diff : "the two texts are equal\n", stdout);
}

/* ---- All clusters ------------------------------------------------------------------------------------------------ */

static gboolean list_clusters(StoreTxn *txn, const Options *options, GError **error)
{
    g_autoptr(Clusters) clusters = clusters_load(txn, options->rule, error);
    if (!clusters)
        return FALSE;
    guint shown = options->limit ? MIN((guint)options->limit, clusters->clusters->len) : clusters->clusters->len;
    for (guint i = 0; i < shown; i++) {
        const Cluster *cluster = &g_array_index(clusters->clusters, Cluster, i);
        g_autoptr(json_t) object = cluster_json(txn, clusters, cluster, options->json ? G_MAXUINT : SHOWN_MEMBERS, error);
        if (!object)
            return FALSE;
        g_autofree char *line = options->json ? json_write(object) : NULL;
        if (line)
            puts(line);
        else
            print_cluster(object);
    }
    if (options->json)
        return TRUE;
    g_autofree char *count = format_count(clusters->clusters->len);
    if (clusters->clusters->len == 0)
        puts(options->rule ? "no duplicates by this rule" : "no duplicates");
    else if (shown < clusters->clusters->len)
        printf("%u of %s clusters; --limit 0 lists all\n", shown, count);
    return TRUE;
}

/* ---- One document ------------------------------------------------------------------------------------------------ */

/* Sets "diff", the changes from `before` to the member, or prints them. */
static gboolean show_diff(StoreTxn *txn, const Options *options, Docno before, Docno after, json_t *object, GError **error)
{
    g_autofree char *diff = compare_texts(txn, before, after, options, error);
    if (!diff)
        return FALSE;
    if (options->json)
        json_object_set_new(object, "diff", json_text(diff));
    else
        print_diff(before, after, diff);
    return TRUE;
}

/* Of the kept document: all members beside it; of a member: itself. */
static gboolean show_diffs(StoreTxn *txn, const Options *options, Docno docno, json_t *cluster, GError **error)
{
    gsize index;
    json_t *member;
    Docno kept = (Docno)json_integer_value(json_object_get(json_object_get(cluster, "kept"), "docno"));
    int shown = 0;
    json_array_foreach(json_object_get(cluster, "members"), index, member) {
        Docno number = (Docno)json_integer_value(json_object_get(member, "docno"));
        if ((docno != kept && docno != number) || (options->limit && shown == options->limit))
            continue;
        shown++;
        if (!show_diff(txn, options, kept, number, member, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean show_two(StoreTxn *txn, const Options *options, Docno docno, GError **error)
{
    Docno other;
    g_autoptr(json_t) object = json_object();
    if (!resolve_document(txn, options->against, &other, error))
        return FALSE;
    json_object_set_new(object, "before", json_integer((json_int_t)docno));
    json_object_set_new(object, "after", json_integer((json_int_t)other));
    if (!show_diff(txn, options, docno, other, object, error))
        return FALSE;
    if (options->json)
        print_json(g_steal_pointer(&object));
    return TRUE;
}

static gboolean show_document(StoreTxn *txn, const Options *options, GError **error)
{
    Docno docno;
    if (!resolve_document(txn, options->of, &docno, error))
        return FALSE;
    if (options->against)
        return show_two(txn, options, docno, error);
    g_autoptr(Clusters) clusters = clusters_of(txn, docno, error);
    const Cluster *cluster = clusters && clusters->clusters->len ? &g_array_index(clusters->clusters, Cluster, 0) : NULL;
    if (!cluster) {
        if (clusters)
            puts(options->json ? "{}" : "no duplicates");
        return clusters != NULL;
    }
    g_autoptr(json_t) object = cluster_json(txn, clusters, cluster, G_MAXUINT, error);
    if (!object)
        return FALSE;
    if (!options->json)
        print_cluster(object);
    if (!show_diffs(txn, options, docno, object, error))
        return FALSE;
    if (options->json)
        print_json(g_steal_pointer(&object));
    return TRUE;
}

static gboolean list_passages(StoreTxn *txn, const Options *options, GError **error)
{
    return duplicates_print_passages(txn, (guint)options->limit, options->json, error);
}

static int run(const Command *command, int argc, char **argv)
{
    g_autofree char *rule = NULL, *of = NULL, *against = NULL;
    Options options = {.limit = SHOWN_CLUSTERS};
    const GOptionEntry entries[] = {
        {"of", 0, 0, G_OPTION_ARG_STRING, &of, "The duplicates of this document, with what differs", "ID"},
        {"against", 0, 0, G_OPTION_ARG_STRING, &against, "Compare the document of --of with this one", "ID"},
        {"rule", 'r', 0, G_OPTION_ARG_STRING, &rule, "Only clusters in which this rule merged a document", "RULE"},
        {"passages", 0, 0, G_OPTION_ARG_NONE, &options.passages, "Runs of words that stand more than once, in the place of documents", NULL},
        {"limit", 0, 0, G_OPTION_ARG_INT, &options.limit, "At most so many clusters, passages or comparisons; 0: all (50)", "N"},
        {"unified", 'u', 0, G_OPTION_ARG_NONE, &options.unified, "Compare as diff -u does, not in two columns", NULL},
        {"width", 0, 0, G_OPTION_ARG_INT, &options.width, "Characters of the two columns together (those of the terminal)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "Print JSON: an object a line, or one for --of", NULL},
        {NULL},
    };
    int status;
    if (!command_parse_exactly(command, entries, 1, &argc, &argv, &status))
        return status;
    options.rule = rule;
    options.of = of;
    options.against = against;
    if (against && !of)
        return command_usage(command, "--against says with what to compare --of ID");
    if (of && rule)
        return command_usage(command, "--rule chooses among all clusters; leave it out with --of");
    if (options.passages && (of || rule))
        return command_usage(command, "--passages is of the whole corpus; galen why ID tells those of one document");
    if (options.limit < 0 || options.width < 0 || options.width > 10000)
        return command_usage(command, "--limit and --width are numbers from 0");
    options.width = options.width ? options.width : (int)terminal_width();
    options.colour = !options.json && isatty(STDOUT_FILENO) && !g_getenv("NO_COLOR");
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, &error) : NULL;
    if (!txn || !(options.passages ? list_passages : of ? show_document : list_clusters)(txn, &options, &error))
        return command_fail(error);
    return EXIT_GOOD;
}

const Command command_duplicates = {
    .name = "duplicates",
    .arguments = "STORE",
    .summary = "list documents that are one, and show where they differ",
    .details = "Clusters of most documents come first: the document that stands for all, then those merged, each with the rule and\n"
               "the similarity that the ledger has. With --of, the cluster of one document and its clean text beside that of the\n"
               "document kept: < stands there only, > here only, | changed. ID is a document's number, SOURCE/ID, or an id that\n"
               "only one source has. Colour is for terminals, unless NO_COLOR is set.\n"
               "With --passages, what the stage passages found, those first that make the corpus longest: how many words, in how many\n"
               "places, and which documents have them where. A document's 16 longest are listed.\n\n"
               "Examples:\n"
               "  galen duplicates corpus.galen --rule near-duplicate --limit 10\n"
               "  galen duplicates corpus.galen --of PMID:31452104\n"
               "  galen duplicates corpus.galen --of 17 --against 18 --unified\n"
               "  galen duplicates corpus.galen --passages --limit 20\n"
               "  galen duplicates corpus.galen --limit 0 --json | jq .size",
    .run = run,
};
