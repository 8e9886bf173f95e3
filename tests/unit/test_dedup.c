/* SPDX-License-Identifier: Apache-2.0
 * dedup_run on small stores: every rule, the choice of winners, chains, many copies, threads, interruption, and recall
 * and precision against brute force. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "dedup/corpus.h"
#include "dedup/dedup.h"
#include "dedup/jaccard.h"
#include "dedup/rules.h"
#include "dedup/shingle.h"
#include "dedup/sign.h"
#include "store/ledger.h"

static char *directory;

static RecipeSource sources[] = {
    {.tag = (char *)"cdc", .group = GROUP_GUIDELINES},
    {.tag = (char *)"pubmed", .group = GROUP_ABSTRACTS},
    {.tag = (char *)"pmc", .group = GROUP_PAPERS},
    {.tag = (char *)"replay", .group = GROUP_REPLAY},
};

static Recipe make_recipe(void)
{
    return (Recipe){.sources = sources,
                    .sources_count = G_N_ELEMENTS(sources),
                    .dedup = {.ids = true,
                              .urls = true,
                              .exact = true,
                              .titles = true,
                              .near = true,
                              .verify = true,
                              .shingle = 5,
                              .permutations = 112,
                              .bands = 14,
                              .rows = 8,
                              .threshold = 0.8,
                              .min_title = 30}};
}

typedef struct Entry {
    const char *source, *kind, *id, *title, *meta;
    char *text; /* owned */
    const char *url, *licence;
} Entry;

typedef struct Entries {
    const Entry *items;
    gsize count;
} Entries;

static gboolean put_entries(StoreTxn *txn, gpointer user, GError **error)
{
    const Entries *entries = user;
    for (gsize i = 0; i < entries->count; i++) {
        const Entry *entry = &entries->items[i];
        Document document = {.source = (char *)entry->source,
                             .kind = (char *)entry->kind,
                             .id = (char *)(entry->id ? entry->id : "x"),
                             .title = (char *)entry->title,
                             .meta = (char *)entry->meta,
                             .url = (char *)entry->url,
                             .licence = (char *)entry->licence,
                             .text = entry->text,
                             .text_length = strlen(entry->text)};
        if (!document_put(txn, i, &document, error) || !cleaned_put(txn, i, entry->text, strlen(entry->text), error))
            return FALSE;
    }
    return TRUE;
}

static guint64 memory; /* for the stages; 0: their own choice */

static Store *make_store(const char *name, const Entry *items, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(directory, name, NULL);
    Entries entries = {items, count};
    Store *store = store_open(path, STORE_CREATE, &error);
    g_assert_no_error(error);
    store_write(store, put_entries, &entries, &error);
    g_assert_no_error(error);
    return store;
}

static void run_dedup(Store *store, const Recipe *recipe, unsigned jobs)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = store, .jobs = jobs, .memory = memory};
    dedup_run(&context, recipe, "clean/1", &fingerprint, &error);
    g_assert_no_error(error);
    g_assert_nonnull(fingerprint);
}

/* All verdicts, a line each: "DOCNO>WINNER RULE VALUE/THRESHOLD (DETAIL)". */
static char *read_verdicts(Store *store, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    GString *lines = g_string_new(NULL);
    for (Docno docno = 0; docno < count; docno++) {
        Verdict verdict;
        if (ledger_get(txn, docno, &verdict, &error)) {
            g_assert_cmpint(verdict.outcome, ==, OUTCOME_MERGED);
            g_assert_cmpstr(verdict.stage, ==, "dedup");
            g_string_append_printf(lines, "%" G_GUINT64_FORMAT ">%" G_GUINT64_FORMAT " %s", docno, verdict.winner,
                                   verdict.rule);
            if (!isnan(verdict.threshold))
                g_string_append_printf(lines, " %.4f/%.2f", verdict.value, verdict.threshold);
            g_string_append_printf(lines, verdict.detail ? " (%s)\n" : "\n", verdict.detail);
        }
        g_assert_no_error(error);
    }
    return g_string_free(lines, FALSE);
}

/* Distinct words, the same for the same numbers: words [first, first + count) of text number `series`. */
static char *words(unsigned series, unsigned first, unsigned count)
{
    GString *text = g_string_new(NULL);
    for (unsigned i = first; i < first + count; i++)
        g_string_append_printf(text, "%sw%ux%u", i == first ? "" : " ", series, i);
    return g_string_free(text, FALSE);
}

static void free_texts(Entry *entries, gsize count)
{
    for (gsize i = 0; i < count; i++)
        g_free(entries[i].text);
}

static void check(const char *name, Entry *entries, gsize count, const char *expected)
{
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store(name, entries, count);
    run_dedup(store, &recipe, 1);
    g_autofree char *got = read_verdicts(store, count);
    g_assert_cmpstr(got, ==, expected);
    free_texts(entries, count);
}

static void test_a_shared_identifier_merges_across_sources(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:10", "One", "{\"doi\":\"10.1/AB\"}", words(1, 0, 60)},
        {"pmc", "article", "PMC5", "Two", "{\"doi\":\"https://doi.org/10.1/ab\"}", words(2, 0, 40)},
        {"cdc", "page", "u", "Three", "{\"pmcid\":\"PMC5.1\",\"pmid\":11}", words(3, 0, 90)},
        {"pubmed", "abstract", "PMID:11", "Four", NULL, words(4, 0, 90)},
        {"pubmed", "abstract", "PMID:12", "Five", NULL, words(5, 0, 90)},
    };
    check("same-id", entries, G_N_ELEMENTS(entries),
          "0>1 same-id (DOI 10.1/ab)\n"
          "2>1 same-id (PMCID 5)\n"
          "3>1 same-id (linked through the identifiers of further documents)\n");
}

static void test_equal_texts_merge_whatever_their_case_and_spacing(void)
{
    Entry entries[] = {
        {"replay", "text", NULL, NULL, NULL, g_strdup("Wash your  hands.\n\nOften.")},
        {"cdc", "text", NULL, NULL, NULL, g_strdup("wash your hands. often.")},
        {"cdc", "page", NULL, NULL, NULL, g_strdup("WASH your hands. Often.")},
        {"cdc", "page", NULL, NULL, NULL, g_strdup("Wash your hands; often!")},
        {"cdc", "text", NULL, NULL, NULL, g_strdup("...")},
        {"cdc", "text", NULL, NULL, NULL, g_strdup("---")},
    };
    /* Number 3 differs in punctuation: its shingles are all the same. Numbers 4 and 5 have no words at all. */
    check("exact", entries, G_N_ELEMENTS(entries),
          "0>2 exact-duplicate\n"
          "1>2 exact-duplicate\n"
          "3>2 near-duplicate 1.0000/0.80 (the same words, with other punctuation or spacing)\n");
}

static const char title[] = "Management of type 2 diabetes in children";

static void test_an_abstract_goes_to_the_only_article_of_its_title(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", title, NULL, words(1, 0, 50)},
        {"pmc", "article", "PMC1", "MANAGEMENT of Type 2 diabetes, in children.", NULL, words(2, 0, 400)},
        {"pubmed", "abstract", "PMID:2", "Short title", NULL, words(3, 0, 50)},
        {"pmc", "article", "PMC2", "Short title", NULL, words(4, 0, 50)},
    };
    check("title", entries, G_N_ELEMENTS(entries), "0>1 same-title (one title, of an abstract and its article)\n");
}

static void test_a_title_of_two_works_says_nothing_about_an_abstract(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", title, NULL, words(1, 0, 50)},
        {"pmc", "article", "PMC1", title, NULL, words(2, 0, 300)},
        {"pmc", "article", "PMC2", title, NULL, words(3, 0, 300)},
    };
    check("ambiguous", entries, G_N_ELEMENTS(entries), "");
}

static void test_different_identifiers_keep_an_abstract_and_an_article_apart(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", title, NULL, words(1, 0, 50)},
        {"pmc", "article", "PMC1", title, "{\"pmid\":\"2\"}", words(2, 0, 300)},
    };
    check("contradiction", entries, G_N_ELEMENTS(entries), "");
}

static void test_one_title_needs_similar_texts_within_a_kind(void)
{
    /* 100 and 101 words, 50 in common: 46 of 147 shingles. */
    Entry entries[] = {
        {"pmc", "article", "PMC1", title, NULL, words(1, 0, 100)},
        {"pmc", "article", "PMC2", title, NULL, words(1, 50, 101)},
        {"cdc", "page", "u", title, NULL, words(2, 0, 100)},
        {"replay", "text", "r", title, NULL, words(1, 20, 100)},
    };
    check("versions", entries, G_N_ELEMENTS(entries), "0>1 same-title 0.3129/0.20 (one title and similar texts)\n");
}

static void test_one_address_needs_similar_texts(void)
{
    const char *address = "https://www.example.org/page/?utm_source=feed", *same = "http://example.org/page#top";
    Entry entries[] = {
        {"cdc", "page", "a", NULL, NULL, words(1, 0, 100), address, NULL},
        {"replay", "page", "b", NULL, NULL, words(1, 50, 101), same, NULL},
        {"cdc", "page", "c", NULL, NULL, words(2, 0, 100), same, NULL},
        {"cdc", "page", "d", NULL, NULL, words(1, 50, 90), "http://example.org/page?print=1", NULL},
    };
    check("addresses", entries, G_N_ELEMENTS(entries), "1>0 same-url 0.3129/0.20 (one address and similar texts)\n");
}

static void test_an_open_licence_wins_over_a_longer_text(void)
{
    Entry entries[] = {
        {"cdc", "page", "a", NULL, NULL, words(1, 0, 202), NULL, "all rights reserved"},
        {"cdc", "page", "b", NULL, NULL, words(1, 0, 200), NULL, "CC-BY-4.0"},
        {"cdc", "page", "c", NULL, NULL, words(1, 0, 201), NULL, NULL},
    };
    check("licences", entries, G_N_ELEMENTS(entries), "0>1 near-duplicate 0.9899/0.80\n2>1 near-duplicate 0.9949/0.80\n");
}

static void test_near_duplicates_merge_with_their_true_similarity(void)
{
    /* 200 and 199 words, 199 in common: 195 of 196 shingles. Number 3 shares 120 words: 116 of 276. */
    Entry entries[] = {
        {"cdc", "page", "a", NULL, NULL, words(1, 0, 199)},
        {"replay", "page", "b", NULL, NULL, words(1, 0, 202)},
        {"cdc", "page", "c", NULL, NULL, words(1, 0, 200)},
        {"cdc", "page", "d", NULL, NULL, words(1, 80, 200)},
    };
    check("near", entries, G_N_ELEMENTS(entries), "0>2 near-duplicate 0.9949/0.80\n1>2 near-duplicate 0.9899/0.80\n");
}

static void test_a_chain_of_similar_texts_is_one_set(void)
{
    /* 996 shingles each; 936 shared with the next, of 1056, and 876 with the one after, of 1116. */
    Entry entries[] = {
        {"cdc", "text", "a", NULL, NULL, words(1, 0, 1000)},
        {"cdc", "text", "b", NULL, NULL, words(1, 60, 1000)},
        {"cdc", "page", "c", NULL, NULL, words(1, 120, 1000)},
    };
    check("chain", entries, G_N_ELEMENTS(entries),
          "0>2 near-duplicate 0.7849/0.80 (linked through further documents, each similar enough to the next)\n"
          "1>2 near-duplicate 0.8864/0.80\n");
}

static void test_each_rule_works_on_the_survivors_of_the_former(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", "a", NULL, words(1, 0, 200)},
        {"pubmed", "abstract", "PMID:9", "a", "{\"pmid\":\"1\"}", words(2, 0, 201)},
        {"pubmed", "abstract", "PMID:3", "a", NULL, words(2, 0, 203)},
        {"cdc", "page", "u", "a", NULL, words(1, 0, 200)},
    };
    /* Number 0 loses to 1 by its PMID, so that its text does not take number 3 with it. */
    check("order", entries, G_N_ELEMENTS(entries),
          "0>1 same-id (PMID 1)\n"
          "1>2 near-duplicate 0.9899/0.80\n");
}

static void test_rules_can_be_switched_off_and_signatures_stay(void)
{
    Entry entries[] = {
        {"pubmed", "abstract", "PMID:1", "a", NULL, words(1, 0, 200)},
        {"pubmed", "abstract", "x", "a", "{\"pmid\":1}", words(1, 0, 200)},
        {"pubmed", "abstract", "y", "a", NULL, words(1, 0, 199)},
    };
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("switches", entries, G_N_ELEMENTS(entries));
    run_dedup(store, &recipe, 1);
    recipe.dedup.ids = false;
    run_dedup(store, &recipe, 1);
    g_autofree char *without_ids = read_verdicts(store, 3);
    g_assert_cmpstr(without_ids, ==, "1>0 exact-duplicate\n2>0 near-duplicate 0.9949/0.80\n");
    recipe.dedup.near = recipe.dedup.exact = false;
    run_dedup(store, &recipe, 1);
    g_autofree char *without_any = read_verdicts(store, 3);
    g_assert_cmpstr(without_any, ==, "");
    free_texts(entries, G_N_ELEMENTS(entries));
}

/* Documents that other stages judged, before deduplication. */
static gboolean drop_first(StoreTxn *txn, gpointer user, GError **error)
{
    Verdict verdict = {.outcome = OUTCOME_DROPPED, .stage = "clean", .rule = "too-short", .winner = DOCNO_NONE};
    return ledger_put(txn, 0, &verdict, error);
}

static void test_dropped_documents_take_no_part(void)
{
    g_autoptr(GError) error = NULL;
    Entry entries[] = {
        {"pmc", "article", "PMID:1", "a", NULL, words(1, 0, 200)},
        {"cdc", "page", "x", "a", "{\"pmid\":1}", words(1, 0, 200)},
        {"cdc", "page", "y", "a", NULL, words(1, 0, 200)},
    };
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("dropped", entries, G_N_ELEMENTS(entries));
    store_write(store, drop_first, NULL, &error);
    g_assert_no_error(error);
    run_dedup(store, &recipe, 1);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict;
    g_assert_true(ledger_get(txn, 0, &verdict, &error));
    g_assert_cmpstr(verdict.rule, ==, "too-short");
    g_assert_false(ledger_get(txn, 1, &verdict, &error));
    g_assert_true(ledger_get(txn, 2, &verdict, &error));
    g_assert_cmpuint(verdict.winner, ==, 1);
    g_assert_no_error(error);
    free_texts(entries, G_N_ELEMENTS(entries));
}

enum { COPIES = 20000 };

/* Texts that differ in punctuation alone: too unlike for the exact rule, of one and the same signature. */
static Entry *make_copies(void)
{
    Entry *entries = g_new0(Entry, COPIES);
    g_autofree char *text = words(1, 0, 30);
    for (unsigned i = 0; i < COPIES; i++) {
        g_autoptr(GString) marks = g_string_new(text);
        for (unsigned bit = 0; bit < 16; bit++)
            g_string_append_c(marks, i >> bit & 1 ? '!' : '?');
        entries[i] = (Entry){.source = "cdc", .kind = "page", .text = g_strdup(marks->str)};
    }
    return entries;
}

static Corpus *load_signed(StageContext *context, const Recipe *recipe)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    sign_run(context, &recipe->dedup, "clean/1", &fingerprint, &error);
    g_assert_no_error(error);
    Corpus *corpus = corpus_load(context->store, recipe, context->jobs, NULL, &error);
    g_assert_no_error(error);
    return corpus;
}

static void apply(gboolean (*rule)(Corpus *corpus, GError **error), Corpus *corpus)
{
    g_autoptr(GError) error = NULL;
    rule(corpus, &error);
    g_assert_no_error(error);
}

static void test_copies_of_the_same_words_are_not_compared(void)
{
    Entry *entries = make_copies();
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("copies", entries, COPIES);
    StageContext context = {.store = store, .jobs = 2};
    g_autoptr(Corpus) corpus = load_signed(&context, &recipe);
    apply(rule_exact, corpus);
    g_assert_cmpuint(corpus->merges->len, ==, 0);
    apply(rule_same_words, corpus);
    g_assert_cmpuint(corpus->merges->len, ==, COPIES - 1);
    g_assert_cmpuint(corpus->comparisons, ==, 0);
    for (guint i = 0; i < corpus->merges->len; i++)
        g_assert_cmpuint(g_array_index(corpus->merges, Merge, i).winner, ==, 0);
    free_texts(entries, COPIES);
    g_free(entries);
}

enum { VARIANTS = 5000 };

/* Each with two words of its own: similarity 92 / 104 between any two, and very large buckets. */
static Entry *make_variants(void)
{
    Entry *entries = g_new0(Entry, VARIANTS);
    g_autofree char *begin = words(1, 0, 50), *end = words(1, 50, 50);
    for (unsigned i = 0; i < VARIANTS; i++) {
        char *text = g_strdup_printf("%s own%u own%u %s", begin, i, i + 1, end);
        entries[i] = (Entry){.source = "cdc", .kind = "page", .text = text};
    }
    return entries;
}

static void test_a_cluster_of_variants_costs_linear_work(void)
{
    Entry *entries = make_variants();
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("variants", entries, VARIANTS);
    StageContext context = {.store = store, .jobs = 1};
    g_autoptr(Corpus) corpus = load_signed(&context, &recipe);
    apply(rule_near, corpus);
    g_test_message("%u of %u merged after %" G_GUINT64_FORMAT " comparisons", corpus->merges->len, VARIANTS, corpus->comparisons);
    g_assert_cmpuint(corpus->merges->len, >, VARIANTS * 9 / 10);
    g_assert_cmpuint(corpus->comparisons, <, 3 * VARIANTS);
    free_texts(entries, VARIANTS);
    g_free(entries);
}

enum { FAMILIES = 100, MEMBERS = 5, GENERATED = FAMILIES * MEMBERS, WORDS = 120 };

/* A family of texts: a first one, and copies of it in which some words are replaced, deleted or doubled. */
static char *make_relative(unsigned family, unsigned member)
{
    GString *text = g_string_new(NULL);
    double rate = member == 0 ? 0 : 0.035 * random_unit_at(family, "rate", member);
    for (unsigned i = 0; i < WORDS; i++) {
        guint64 word = random_at(family, "word", i) % 2000;
        guint64 place = (guint64)member << 32 | i;
        double change = random_unit_at(family, "change", place);
        if (change < rate)
            g_string_append_printf(text, "new%u ", (unsigned)(random_at(family, "new", place) % 100000));
        else if (change < 1.3 * rate)
            continue;
        else if (change < 1.6 * rate)
            g_string_append_printf(text, "w%u w%u ", (unsigned)word, (unsigned)word);
        else
            g_string_append_printf(text, "w%u ", (unsigned)word);
    }
    return g_string_free(text, FALSE);
}

static Entry *make_families(void)
{
    static const char *const tags[] = {"cdc", "pubmed", "pmc", "replay"};
    static const char *const kinds[] = {"page", "abstract", "article", "text"};
    Entry *entries = g_new0(Entry, GENERATED);
    for (unsigned i = 0; i < GENERATED; i++) {
        unsigned family = i * 7 % GENERATED / MEMBERS, member = i * 7 % GENERATED % MEMBERS;
        unsigned source = (unsigned)(random_at(1, "source", i) % 4);
        entries[i] = (Entry){.source = tags[source], .kind = kinds[source], .text = make_relative(family, member)};
    }
    return entries;
}

static UnionFind *brute_force(const Entry *entries, double threshold)
{
    UnionFind *sets = union_find_new(GENERATED);
    g_autoptr(Shingler) shingler = shingler_new(SHINGLE_WORDS, 5);
    g_autoptr(GPtrArray) shingles = g_ptr_array_new_with_free_func((GDestroyNotify)shingle_set_free);
    for (unsigned i = 0; i < GENERATED; i++) {
        gsize count;
        const guint64 *hashes = shingler_run(shingler, entries[i].text, strlen(entries[i].text), &count);
        g_ptr_array_add(shingles, shingle_set_new(hashes, count));
        for (unsigned j = 0; j < i; j++) {
            if (jaccard(shingles->pdata[i], shingles->pdata[j]) >= threshold)
                union_find_join(sets, i, j);
        }
    }
    return sets;
}

static void test_recall_and_precision_against_brute_force(void)
{
    g_autoptr(GError) error = NULL;
    Entry *entries = make_families();
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("families", entries, GENERATED);
    run_dedup(store, &recipe, 2);
    g_autoptr(UnionFind) truth = brute_force(entries, 0.8);
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    unsigned merged = 0, expected = 0;
    for (unsigned i = 0; i < GENERATED; i++) {
        Verdict verdict;
        expected += union_find_root(truth, i) != i;
        if (!ledger_get(txn, i, &verdict, &error))
            continue;
        merged++;
        g_assert_cmpuint(union_find_root(truth, i), ==, union_find_root(truth, (guint32)verdict.winner));
    }
    g_assert_no_error(error);
    g_test_message("%u merged of %u: recall %.3f, precision 1", merged, expected, (double)merged / expected);
    g_assert_cmpuint(expected, >, 150);
    g_assert_cmpuint(expected, <, GENERATED - FAMILIES);
    /* 1 - (1 - 0.8^8)^14 = 0.92 at the threshold itself; most pairs lie above, and sets have several. */
    g_assert_cmpfloat((double)merged / expected, >=, 0.97);
    free_texts(entries, GENERATED);
    g_free(entries);
}

static void test_verdicts_do_not_depend_on_threads_or_batches(void)
{
    Entry *entries = make_families();
    Recipe recipe = make_recipe();
    g_autoptr(Store) one = make_store("one", entries, GENERATED), four = make_store("four", entries, GENERATED);
    run_dedup(one, &recipe, 1);
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = {.store = four, .jobs = 4, .batch_documents = 17};
    dedup_run(&context, &recipe, "clean/1", &fingerprint, &error);
    g_assert_no_error(error);
    g_autofree char *a = read_verdicts(one, GENERATED), *b = read_verdicts(four, GENERATED);
    g_assert_cmpstr(a, ==, b);
    g_assert_cmpuint(strlen(a), >, 1000);
    free_texts(entries, GENERATED);
    g_free(entries);
}

/* Makes of a finished run what a kill leaves: some verdicts, and a run record that is not complete. */
static gboolean interrupt(StoreTxn *txn, gpointer user, GError **error)
{
    g_auto(StageRun) run = {0};
    guint8 key[8];
    g_assert_true(stage_load(txn, "dedup", &run, error));
    run.complete = FALSE;
    for (Docno docno = 150; docno < GENERATED; docno++) {
        docno_write(docno, key);
        if (!store_delete(txn, TABLE_LEDGER, key, sizeof key, error))
            return FALSE;
    }
    return stage_save(txn, &run, error);
}

static char *read_counts(Store *store, gboolean *complete)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_auto(StageRun) run = {0};
    g_assert_true(stage_load(txn, "dedup", &run, &error));
    *complete = run.complete;
    return json_write(run.counts);
}

static void test_an_interrupted_run_ends_with_the_same_verdicts(void)
{
    g_autoptr(GError) error = NULL;
    gboolean complete;
    Entry *entries = make_families();
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("interrupted", entries, GENERATED);
    run_dedup(store, &recipe, 2);
    g_autofree char *verdicts = read_verdicts(store, GENERATED), *counts = read_counts(store, &complete);
    g_assert_true(complete);
    g_assert_nonnull(strstr(counts, "\"cdc/merged:near-duplicate\":"));
    g_assert_nonnull(strstr(counts, "\"cdc/documents\":"));
    store_write(store, interrupt, NULL, &error);
    g_assert_no_error(error);
    run_dedup(store, &recipe, 2);
    g_autofree char *verdicts_again = read_verdicts(store, GENERATED), *counts_again = read_counts(store, &complete);
    g_assert_true(complete);
    g_assert_cmpstr(verdicts, ==, verdicts_again);
    g_assert_cmpstr(counts, ==, counts_again);
    free_texts(entries, GENERATED);
    g_free(entries);
}

static int compare_ids(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The ids of the documents that no verdict takes out, in order. */
static char *read_kept(Store *store, const Entry *entries, gsize count)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    g_autoptr(GPtrArray) kept = g_ptr_array_new();
    for (Docno docno = 0; docno < count; docno++) {
        if (!ledger_has(txn, docno))
            g_ptr_array_add(kept, (gpointer)entries[docno].id);
    }
    g_ptr_array_sort(kept, compare_ids);
    g_ptr_array_add(kept, NULL);
    return g_strjoinv(" ", (char **)kept->pdata);
}

enum { MIXED = 600 };

/* Families, copies, copies in other punctuation, and shared identifiers, titles and addresses; in every source. */
static Entry *make_mixture(void)
{
    static const char *const tags[] = {"cdc", "pubmed", "pmc", "replay"};
    static const char *const kinds[] = {"page", "abstract", "article", "text"};
    static const char *const licences[] = {NULL, "CC-BY-4.0", "CC-BY-NC-4.0"};
    Entry *entries = g_new0(Entry, MIXED);
    for (unsigned i = 0; i < MIXED; i++) {
        unsigned family = (unsigned)(random_at(2, "family", i) % (MIXED / 5)), member = (unsigned)(random_at(2, "member", i) % 4);
        guint64 draw = random_at(2, "draw", i);
        g_autofree char *text = make_relative(family, member);
        entries[i] = (Entry){
            .source = tags[i * 4 / MIXED],
            .kind = kinds[draw % 4],
            .id = g_strdup_printf("id%03u", i),
            .title = draw >> 8 & 1 ? g_strdup_printf("A study of the family with the number %u", family / 2) : NULL,
            .meta = draw >> 9 & 3 ? NULL : g_strdup_printf("{\"doi\":\"10.1/%u\"}", (unsigned)(draw >> 16) % 40),
            .url = draw >> 11 & 1 ? g_strdup_printf("https://www.example.org/%u/", family / 2) : NULL,
            .licence = licences[(draw >> 32) % 3],
            .text = draw >> 12 & 3 ? g_strdup(text) : g_strconcat(text, "!", NULL),
        };
    }
    return entries;
}

/* Sources in another order, each with its own documents in theirs. */
static Entry *in_order(const Entry *entries, const unsigned order[4])
{
    Entry *result = g_new(Entry, MIXED);
    for (unsigned part = 0; part < 4; part++)
        memcpy(result + part * (MIXED / 4), entries + order[part] * (MIXED / 4), MIXED / 4 * sizeof entries[0]);
    return result;
}

static void free_mixture(Entry *entries)
{
    for (unsigned i = 0; i < MIXED; i++) {
        g_free((gpointer)entries[i].id);
        g_free((gpointer)entries[i].title);
        g_free((gpointer)entries[i].meta);
        g_free((gpointer)entries[i].url);
    }
    free_texts(entries, MIXED);
    g_free(entries);
}

static void test_memory_changes_no_verdict(void)
{
    static const guint64 sizes[] = {0, 1, 32 * 200, 32 * 1500}; /* all at once; the least; runs; two bands at a time */
    Entry *entries = make_mixture();
    Recipe recipe = make_recipe();
    g_autofree char *first = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autofree char *name = g_strdup_printf("memory-%u", i);
        g_autoptr(Store) store = make_store(name, entries, MIXED);
        memory = sizes[i];
        run_dedup(store, &recipe, 2);
        g_autofree char *verdicts = read_verdicts(store, MIXED);
        if (first)
            g_assert_cmpstr(verdicts, ==, first);
        else
            first = g_steal_pointer(&verdicts);
    }
    memory = 0;
    g_assert_nonnull(strstr(first, "near-duplicate"));
    free_mixture(entries);
}

static void test_the_order_of_sources_does_not_matter(void)
{
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}};
    Entry *entries = make_mixture();
    Recipe recipe = make_recipe();
    g_autofree char *first = NULL;
    for (unsigned i = 0; i < G_N_ELEMENTS(orders); i++) {
        g_autofree Entry *arranged = in_order(entries, orders[i]);
        g_autofree char *name = g_strdup_printf("order-%u", i);
        g_autoptr(Store) store = make_store(name, arranged, MIXED);
        run_dedup(store, &recipe, 1 + i);
        g_autofree char *kept = read_kept(store, arranged, MIXED);
        g_test_message("%s", kept);
        g_assert_cmpuint(strlen(kept), >, 6 * 100);
        if (first)
            g_assert_cmpstr(kept, ==, first);
        else
            first = g_steal_pointer(&kept);
    }
    free_mixture(entries);
}

static void test_an_empty_store_has_nothing_to_merge(void)
{
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("empty", NULL, 0);
    run_dedup(store, &recipe, 2);
}

static void test_the_fingerprint_tells_settings_apart_and_is_set_when_skipped(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *first = NULL, *skipped = NULL, *changed = NULL;
    Recipe recipe = make_recipe();
    g_autoptr(Store) store = make_store("fingerprint", NULL, 0);
    StageContext context = {.store = store, .jobs = 1};
    g_assert_true(dedup_run(&context, &recipe, "clean/1", &first, &error));
    g_assert_true(dedup_run(&context, &recipe, "clean/1", &skipped, &error));
    g_assert_cmpstr(first, ==, skipped);
    recipe.dedup.threshold = 0.81;
    g_assert_true(dedup_run(&context, &recipe, "clean/1", &changed, &error));
    g_assert_cmpstr(first, !=, changed);
    g_free(g_steal_pointer(&changed));
    recipe.dedup.threshold = 0.8;
    g_assert_true(dedup_run(&context, &recipe, "clean/2", &changed, &error));
    g_assert_cmpstr(first, !=, changed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("galen-dedup-XXXXXX", NULL);
    g_test_add_func("/dedup/a shared identifier merges across sources", test_a_shared_identifier_merges_across_sources);
    g_test_add_func("/dedup/equal texts merge whatever their case and spacing",
                    test_equal_texts_merge_whatever_their_case_and_spacing);
    g_test_add_func("/dedup/an abstract goes to the only article of its title",
                    test_an_abstract_goes_to_the_only_article_of_its_title);
    g_test_add_func("/dedup/a title of two works says nothing about an abstract",
                    test_a_title_of_two_works_says_nothing_about_an_abstract);
    g_test_add_func("/dedup/different identifiers keep an abstract and an article apart",
                    test_different_identifiers_keep_an_abstract_and_an_article_apart);
    g_test_add_func("/dedup/one title needs similar texts within a kind",
                    test_one_title_needs_similar_texts_within_a_kind);
    g_test_add_func("/dedup/one address needs similar texts", test_one_address_needs_similar_texts);
    g_test_add_func("/dedup/an open licence wins over a longer text", test_an_open_licence_wins_over_a_longer_text);
    g_test_add_func("/dedup/near duplicates merge with their true similarity",
                    test_near_duplicates_merge_with_their_true_similarity);
    g_test_add_func("/dedup/a chain of similar texts is one set", test_a_chain_of_similar_texts_is_one_set);
    g_test_add_func("/dedup/each rule works on the survivors of the former",
                    test_each_rule_works_on_the_survivors_of_the_former);
    g_test_add_func("/dedup/rules can be switched off and signatures stay",
                    test_rules_can_be_switched_off_and_signatures_stay);
    g_test_add_func("/dedup/dropped documents take no part", test_dropped_documents_take_no_part);
    g_test_add_func("/dedup/copies of the same words are not compared", test_copies_of_the_same_words_are_not_compared);
    g_test_add_func("/dedup/a cluster of variants costs linear work", test_a_cluster_of_variants_costs_linear_work);
    g_test_add_func("/dedup/recall and precision against brute force", test_recall_and_precision_against_brute_force);
    g_test_add_func("/dedup/verdicts do not depend on threads or batches",
                    test_verdicts_do_not_depend_on_threads_or_batches);
    g_test_add_func("/dedup/an interrupted run ends with the same verdicts",
                    test_an_interrupted_run_ends_with_the_same_verdicts);
    g_test_add_func("/dedup/the order of sources does not matter", test_the_order_of_sources_does_not_matter);
    g_test_add_func("/dedup/memory changes no verdict", test_memory_changes_no_verdict);
    g_test_add_func("/dedup/an empty store has nothing to merge", test_an_empty_store_has_nothing_to_merge);
    g_test_add_func("/dedup/the fingerprint tells settings apart and is set when skipped",
                    test_the_fingerprint_tells_settings_apart_and_is_set_when_skipped);
    int result = g_test_run();
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);
    if (system(command) != 0)
        result = 1;
    g_free(directory);
    return result;
}
