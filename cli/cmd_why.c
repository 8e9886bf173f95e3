/* SPDX-License-Identifier: Apache-2.0
 * galen why: the whole story of a document: where from, what was done, kept or not and by which rule, in which shard. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "store/chapters.h"
#include "store/note.h"
#include "store/shard.h"
#include "store/stage_record.h"
#include "store/tombstone.h"

static void set_number(json_t *object, const char *key, double number)
{
    if (isfinite(number))
        json_object_set_new(object, key, json_real(number));
}

static gboolean add_winner(StoreTxn *txn, json_t *verdict_object, Docno winner, GError **error)
{
    g_auto(Document) document = {0};
    if (winner == DOCNO_NONE)
        return TRUE;
    if (!document_get_facts(txn, winner, &document, error))
        return FALSE;
    json_t *object = json_object();
    json_object_set_new(object, "docno", json_integer((json_int_t)winner));
    json_object_set_new(object, "source", json_text(document.source));
    json_object_set_new(object, "id", json_text(document.id));
    json_object_set_new(object, "title", json_text(document.title));
    json_object_set_new(verdict_object, "winner", object);
    return TRUE;
}

static gboolean add_verdict(StoreTxn *txn, Docno docno, json_t *story, GError **error)
{
    Verdict verdict;
    GError *failure = NULL;
    if (!ledger_get(txn, docno, &verdict, &failure)) {
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
        json_object_set_new(story, "verdict", json_pack("{s:s}", "outcome", "undecided"));
        return TRUE;
    }
    json_t *object = json_object();
    json_object_set_new(object, "outcome", json_text(outcome_name(verdict.outcome)));
    json_object_set_new(object, "stage", json_text(verdict.stage));
    json_object_set_new(object, "rule", json_text(verdict.rule));
    set_number(object, "value", verdict.value);
    set_number(object, "threshold", verdict.threshold);
    json_object_set_new(object, "detail", json_text(verdict.detail));
    json_object_set_new(story, "verdict", object);
    return add_winner(txn, object, verdict.winner, error);
}

static gboolean add_placements(StoreTxn *txn, Docno docno, json_t *story, GError **error)
{
    g_autoptr(GArray) placements = g_array_new(FALSE, FALSE, sizeof(Placement));
    if (!shard_placements(txn, docno, placements, error))
        return FALSE;
    json_t *list = json_array();
    for (guint i = 0; i < placements->len; i++) {
        const Placement *placement = &g_array_index(placements, Placement, i);
        json_array_append_new(list, json_pack("{s:s, s:I, s:I, s:i}", "split", placement->split, "position", (json_int_t)placement->position,
                                              "tokens", (json_int_t)placement->length, "repeat", (int)placement->repeat));
    }
    json_object_set_new(story, "placements", list);
    return TRUE;
}

typedef struct CutStory {
    json_t *list;
    guint64 bytes;
} CutStory;

static gboolean add_stage_cuts(gpointer user, const char *stage, const StoreValue *value, GError **error)
{
    CutStory *story = user;
    g_autoptr(GArray) cuts = g_array_new(FALSE, FALSE, sizeof(Cut));
    if (!cuts_parse(value, cuts, error))
        return FALSE;
    guint64 bytes = cuts_bytes((const Cut *)(void *)cuts->data, cuts->len);
    json_array_append_new(story->list, json_pack("{s:s, s:I, s:I}", "stage", stage, "ranges", (json_int_t)cuts->len, "bytes",
                                                 (json_int_t)bytes));
    story->bytes += bytes;
    return TRUE;
}

/* What later stages found in the clean text and took out of it. */
static gboolean add_findings(StoreTxn *txn, Docno docno, json_t *story, GError **error)
{
    CutStory cuts = {.list = json_array()};
    json_t *notes = NULL;
    gboolean good = stage_record_each(txn, TABLE_CUTS, docno, add_stage_cuts, &cuts, error) &&
                    (notes = notes_get(txn, docno, error)) != NULL;
    json_object_set_new(story, "cut_bytes", json_integer((json_int_t)cuts.bytes));
    json_object_set_new(story, "cuts", cuts.list);
    if (good)
        json_object_set_new(story, "notes", notes);
    return good;
}

/* Of a stub: when it was forgotten, why, and by whom. */
static gboolean add_tombstone(StoreTxn *txn, const Document *document, json_t *story, GError **error)
{
    g_auto(Tombstone) tombstone = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    GError *failure = NULL;
    if (!tombstone_stub_key(document, key) || !tombstone_get(txn, key, &tombstone, &failure)) {
        if (failure)
            g_propagate_error(error, failure);
        return failure == NULL;
    }
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(tombstone.time);
    g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    json_t *object = json_object();
    json_object_set_new(object, "time", json_text(text));
    json_object_set_new(object, "reason", json_text(tombstone.reason));
    json_object_set_new(object, "by", json_text(tombstone.by));
    json_object_set_new(object, "matched", json_text(tombstone.matched));
    json_object_set_new(object, "captures", json_boolean(tombstone.captures));
    json_object_set_new(story, "forgotten", object);
    return TRUE;
}

static json_t *story_of(StoreTxn *txn, const char *name, GError **error)
{
    Docno docno;
    g_auto(Document) document = {0};
    char capture[SHA256_HEX_SIZE];
    if (!resolve_document(txn, name, &docno, error) || !document_get(txn, docno, &document, error))
        return NULL;
    g_autoptr(json_t) story = json_object();
    sha256_hex(&document.capture, capture);
    json_object_set_new(story, "docno", json_integer((json_int_t)docno));
    json_object_set_new(story, "source", json_text(document.source));
    json_object_set_new(story, "id", json_text(document.id));
    json_object_set_new(story, "title", json_text(document.title));
    json_object_set_new(story, "origin", json_text(document.origin));
    json_object_set_new(story, "url", json_text(document.url));
    json_object_set_new(story, "licence", json_text(document.licence));
    json_object_set_new(story, "capture_sha256", json_text(capture));
    if (!chapters_join(txn, docno, &document, error))
        return NULL;
    json_object_set_new(story, "extracted_bytes", json_integer((json_int_t)document.text_length));
    g_autofree char *clean = NULL;
    gsize clean_length;
    GError *failure = NULL;
    if (cleaned_get(txn, docno, &clean, &clean_length, &failure))
        json_object_set_new(story, "clean_bytes", json_integer((json_int_t)clean_length));
    if (failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    if (!add_findings(txn, docno, story, error) || !add_verdict(txn, docno, story, error) || !add_tombstone(txn, &document, story, error) || !add_placements(txn, docno, story, error))
        return NULL;
    return g_steal_pointer(&story);
}

static void print_text(const char *label, const json_t *object, const char *key)
{
    const char *text = json_get_string(object, key);
    if (text && *text)
        printf("  %-10s %s\n", label, text);
}

static void print_verdict(const json_t *verdict)
{
    const char *rule = json_get_string(verdict, "rule"), *stage = json_get_string(verdict, "stage");
    printf("  %-10s %s", "verdict", json_get_string(verdict, "outcome"));
    if (rule && strcmp(rule, "kept") != 0)
        printf(" by rule '%s' of stage '%s'", rule, stage);
    if (json_object_get(verdict, "value"))
        printf(": %.6g", json_real_value(json_object_get(verdict, "value")));
    if (json_object_get(verdict, "threshold"))
        printf(" against %.6g", json_real_value(json_object_get(verdict, "threshold")));
    const char *detail = json_get_string(verdict, "detail");
    if (detail)
        printf(" (%s)", detail);
    putchar('\n');
    const json_t *winner = json_object_get(verdict, "winner");
    if (winner) {
        const char *title = json_get_string(winner, "title");
        printf("  %-10s %lld %s/%s%s%s\n", "in favour", (long long)json_integer_value(json_object_get(winner, "docno")),
               json_get_string(winner, "source"), json_get_string(winner, "id"), title ? "  " : "", title ? title : "");
    }
}

/* What a stage did when it noted something. */
static const char *label_of(const char *stage)
{
    return strcmp(stage, "metadata") == 0 ? "joined" : strcmp(stage, "mix") == 0 ? "upsample" : "found";
}

/* "  LABEL      STAGE: ..." for each cut stage and for each thing that a stage found. */
static void print_findings(const json_t *story)
{
    gsize index;
    json_t *cut, *note, *found;
    const char *stage;
    json_array_foreach(json_object_get(story, "cuts"), index, cut) {
        g_autofree char *ranges = format_count((guint64)json_integer_value(json_object_get(cut, "ranges")));
        g_autofree char *bytes = format_count((guint64)json_integer_value(json_object_get(cut, "bytes")));
        printf("  %-10s %s bytes in %s range(s) by stage '%s'\n", "cut out", bytes, ranges, json_get_string(cut, "stage"));
    }
    json_object_foreach(json_object_get(story, "notes"), stage, note) {
        json_array_foreach(json_object_get(note, "found"), index, found) {
            const char *summary = json_get_string(found, "summary");
            if (summary)
                printf("  %-10s %s: %s\n", label_of(stage), stage, summary);
        }
    }
}

/* A line a page: its place in the document and its heading, or what is missing and why. */
static void print_pages(const json_t *pages)
{
    gsize index;
    json_t *page;
    int place = 0;
    json_array_foreach(pages, index, page) {
        const char *heading = json_get_string(page, "heading"), *missing = json_get_string(page, "missing");
        const char *url = json_get_string(page, "url");
        if (missing)
            printf("  %-10s %s: %s\n", "lacks", url ? url : "", missing);
        else
            printf("  %-10s %d: document %lld%s%s\n", "page", ++place, (long long)json_integer_value(json_object_get(page, "docno")),
                   heading ? "  " : "", heading ? heading : "");
    }
}

static void print_tombstone(const json_t *forgotten)
{
    const char *by = json_get_string(forgotten, "by"), *matched = json_get_string(forgotten, "matched"),
               *reason = json_get_string(forgotten, "reason"), *time = json_get_string(forgotten, "time");
    if (forgotten)
        printf("  %-10s %s by %s, found by its %s%s%s\n", "forgotten", time ? time : "", by ? by : "somebody", matched ? matched : "id",
               reason ? ": " : "", reason ? reason : "");
}

static void print_story(const json_t *story)
{
    gsize index;
    json_t *placement;
    printf("%lld %s/%s\n", (long long)json_integer_value(json_object_get(story, "docno")), json_get_string(story, "source"),
           json_get_string(story, "id"));
    print_text("title", story, "title");
    print_text("from", story, "origin");
    print_text("url", story, "url");
    const char *licence = json_get_string(story, "licence");
    printf("  %-10s %s\n", "licence", licence ? licence : "unknown");
    print_text("sha256", story, "capture_sha256");
    g_autofree char *extracted = format_count((guint64)json_integer_value(json_object_get(story, "extracted_bytes")));
    g_autofree char *clean = format_count((guint64)json_integer_value(json_object_get(story, "clean_bytes")));
    printf("  %-10s %s bytes extracted", "text", extracted);
    if (json_object_get(story, "clean_bytes"))
        printf(", %s clean%s", clean, json_get_string(story, "title") ? " (title included)" : "");
    putchar('\n');
    print_pages(json_object_get(json_object_get(json_object_get(story, "notes"), CHAPTERS_STAGE), "pages"));
    print_findings(story);
    print_verdict(json_object_get(story, "verdict"));
    print_tombstone(json_object_get(story, "forgotten"));
    json_array_foreach(json_object_get(story, "placements"), index, placement) {
        g_autofree char *position = format_count((guint64)json_integer_value(json_object_get(placement, "position")));
        g_autofree char *tokens = format_count((guint64)json_integer_value(json_object_get(placement, "tokens")));
        printf("  %-10s %s tokens from position %s of split '%s', pass %lld\n", "packed", tokens, position, json_get_string(placement, "split"),
               (long long)json_integer_value(json_object_get(placement, "repeat")) + 1);
    }
}

static int run(const Command *command, int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON, one object a document", NULL},
        {NULL},
    };
    int status;
    if (!command_parse(command, entries, &argc, &argv, &status))
        return status;
    if (argc < 3)
        return command_usage(command, "name a store and at least one document");
    GError *error = NULL;
    g_autoptr(Store) store = store_open(argv[1], STORE_READ, &error);
    g_autoptr(StoreTxn) txn = store ? store_read_begin(store, &error) : NULL;
    if (!txn)
        return command_fail(error);
    for (int i = 2; i < argc; i++) {
        g_autoptr(json_t) story = story_of(txn, argv[i], &error);
        if (!story)
            return command_fail(error);
        if (json)
            print_json(json_incref(story));
        else
            print_story(story);
    }
    return EXIT_GOOD;
}

const Command command_why = {
    .name = "why",
    .arguments = "STORE ID...",
    .summary = "tell a document's whole story: where from, kept or not, by which rule",
    .details = "ID is a document's number, SOURCE/ID, or an id that only one source has.\n\n"
               "Examples:\n"
               "  galen why corpus.galen PMID:31452104\n"
               "  galen why corpus.galen 17 18 --json",
    .run = run,
};
