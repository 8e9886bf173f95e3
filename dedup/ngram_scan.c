/* SPDX-License-Identifier: Apache-2.0
 * The search for an index's texts in a document; see dedup/ngram_scan.h.
 *
 * Three steps, each for the few documents that pass the one before: windows whose hash is an n-gram's; texts that could
 * match if equal hashes were equal words; and these compared by words. */
#include "dedup/ngram_scan.h"

#include <string.h>

#include "dedup/reference_marks.h"
#include "dedup/word.h"

#define NOBODY G_MAXUINT32

/* One length of n-grams in one document. */
typedef struct Search {
    const NgramTable *table;
    gboolean everywhere; /* else only where windows of the ordinary length stand in a row */
    GArray *hits;        /* of NgramHit, rising */
    guint32 *stamps;     /* by n-gram: the round in which it was seen last */
    guint32 *links;      /* by n-gram: the first of Work.links; NOBODY */
} Search;

/* Long n-grams of one text in a row. */
typedef struct Run {
    guint32 first, count;           /* the row that goes on: window and number of windows */
    guint32 best_first, best_count; /* 0: none so far */
} Run;

/* A match that has the n-gram, and the next one that has it. */
typedef struct Link {
    guint32 match, next;
} Link;

/* Windows of one match, joined. */
typedef struct Stretch {
    guint32 begin, end, covered; /* words; `end` 0: none begun */
    guint32 best_begin, best_end, best_covered;
} Stretch;

typedef struct NgramWork {
    const NgramIndex *index;
    FoldedText *folded;
    WordHasher *hasher;
    WordList list;
    ReferenceMarks marks;
    GArray *numbers;     /* guint32 of each of the document's words */
    Search *searches;    /* for the overlap */
    gsize search_count;
    Search *long_search; /* NULL: none */
    guint32 round;
    guint32 *found;      /* by text; 0 between scans */
    GArray *touched;     /* texts with found > 0 */
    Run *runs;           /* by text; zero between scans */
    GArray *run_texts;   /* texts with runs */
    GArray *links;       /* of Link */
    GArray *word_ranges; /* of NgramRange, in words */
    GArray *part;        /* of NgramMatch: of one of the two texts that a document is */
} NgramWork;

/* ---- Making ----------------------------------------------------------------------------------------------------- */

static void search_init(Search *search, const NgramTable *table, gboolean everywhere)
{
    *search = (Search){.table = table, .everywhere = everywhere, .hits = g_array_new(FALSE, FALSE, sizeof(NgramHit))};
    search->stamps = g_new0(guint32, table->count);
    search->links = g_new(guint32, table->count);
    for (guint32 i = 0; i < table->count; i++)
        search->links[i] = NOBODY;
}

static void search_clear(Search *search)
{
    g_array_unref(search->hits);
    g_free(search->stamps);
    g_free(search->links);
}

NgramScanner *ngram_scanner_new(const NgramIndex *index)
{
    NgramScanner *scanner = g_new0(NgramScanner, 1);
    NgramWork *work = scanner->work = g_new0(NgramWork, 1);
    scanner->matches = g_array_new(FALSE, FALSE, sizeof(NgramMatch));
    scanner->ranges = g_array_new(FALSE, FALSE, sizeof(NgramRange));
    work->index = index;
    work->folded = folded_text_new();
    work->hasher = word_hasher_new();
    reference_marks_init(&work->marks);
    work->part = g_array_new(FALSE, FALSE, sizeof(NgramMatch));
    work->numbers = g_array_new(FALSE, FALSE, sizeof(guint32));
    work->touched = g_array_new(FALSE, FALSE, sizeof(guint32));
    work->run_texts = g_array_new(FALSE, FALSE, sizeof(guint32));
    work->links = g_array_new(FALSE, FALSE, sizeof(Link));
    work->word_ranges = g_array_new(FALSE, FALSE, sizeof(NgramRange));
    work->found = g_new0(guint32, index->texts->len);
    work->runs = g_new0(Run, index->texts->len);
    work->searches = g_new(Search, G_N_ELEMENTS(index->tables));
    for (gsize i = 0; i < G_N_ELEMENTS(index->tables); i++)
        if (index->tables[i])
            search_init(&work->searches[work->search_count++], index->tables[i], TRUE);
    if (index->long_table) {
        work->long_search = g_new(Search, 1);
        search_init(work->long_search, index->long_table, index->rules.long_ngram < index->rules.ngram);
    }
    return scanner;
}

void ngram_scanner_free(NgramScanner *scanner)
{
    if (!scanner)
        return;
    NgramWork *work = scanner->work;
    for (gsize i = 0; i < work->search_count; i++)
        search_clear(&work->searches[i]);
    if (work->long_search)
        search_clear(work->long_search);
    g_free(work->searches);
    g_free(work->long_search);
    folded_text_free(work->folded);
    word_hasher_free(work->hasher);
    word_list_clear(&work->list);
    reference_marks_clear(&work->marks);
    g_array_unref(work->part);
    g_array_unref(work->numbers);
    g_array_unref(work->touched);
    g_array_unref(work->run_texts);
    g_array_unref(work->links);
    g_array_unref(work->word_ranges);
    g_free(work->found);
    g_free(work->runs);
    g_free(work);
    g_array_unref(scanner->matches);
    g_array_unref(scanner->ranges);
    g_free(scanner);
}

/* ---- Counting --------------------------------------------------------------------------------------------------- */

static const NgramHit *hit_at(const Search *search, guint i)
{
    return &g_array_index(search->hits, NgramHit, i);
}

static guint32 owner_count(const NgramTable *table, guint32 ngram)
{
    return table->owner_start[ngram + 1] - table->owner_start[ngram];
}

static guint32 ngrams_of(const NgramWork *work, guint32 text)
{
    const NgramTable *table = work->index->tables[ngram_index_text(work->index, text)->size];
    return table->member_start[text + 1] - table->member_start[text];
}

static gboolean overlaps(const NgramWork *work, guint32 text)
{
    return (double)work->found[text] / ngrams_of(work, text) >= work->index->rules.overlap;
}

/* Distinct n-grams of each text among the hits. */
static void count_found(NgramWork *work)
{
    work->round++;
    for (gsize s = 0; s < work->search_count; s++) {
        const Search *search = &work->searches[s];
        for (guint i = 0; i < search->hits->len; i++) {
            guint32 ngram = hit_at(search, i)->ngram;
            if (search->stamps[ngram] == work->round)
                continue;
            search->stamps[ngram] = work->round;
            for (guint32 o = search->table->owner_start[ngram]; o < search->table->owner_start[ngram + 1]; o++) {
                guint32 text = search->table->owners[o];
                if (work->found[text]++ == 0)
                    g_array_append_val(work->touched, text);
            }
        }
    }
}

static void forget_found(NgramWork *work)
{
    for (guint i = 0; i < work->touched->len; i++)
        work->found[g_array_index(work->touched, guint32, i)] = 0;
    g_array_set_size(work->touched, 0);
}

/* The search whose windows stand in a row wherever a long n-gram stands. */
static const Search *ordinary_search(const NgramWork *work)
{
    return &work->searches[work->search_count - 1]; /* the one of the greatest length */
}

/* Looks for long n-grams in each row of ordinary windows that could hold one (hits NULL: not at all); TRUE: there is a row. */
static gboolean find_rows(NgramWork *work, const guint64 *hashes, GArray *hits)
{
    const Search *search = ordinary_search(work);
    guint32 size = search->table->size, wanted = work->index->rules.long_ngram;
    gboolean any = FALSE;
    for (guint i = 0, first = 0; i < search->hits->len; i++) {
        guint32 here = hit_at(search, i)->position, next = i + 1 < search->hits->len ? hit_at(search, i + 1)->position : NOBODY;
        if (next <= here + 1)
            continue;
        guint32 from = hit_at(search, first)->position, to = here + size;
        first = i + 1;
        if (to - from < wanted)
            continue;
        any = TRUE;
        if (hits)
            ngram_table_find(work->long_search->table, hashes, from, to, hits);
    }
    return any;
}

/* Whether anything could match, if equal hashes were equal words. */
static gboolean anything_possible(NgramWork *work)
{
    gboolean possible = FALSE;
    count_found(work);
    for (guint i = 0; i < work->touched->len && !possible; i++)
        possible = overlaps(work, g_array_index(work->touched, guint32, i));
    forget_found(work);
    if (possible || !work->long_search)
        return possible;
    return work->long_search->everywhere ? work->long_search->hits->len > 0 : find_rows(work, NULL, NULL);
}

/* ---- True comparison -------------------------------------------------------------------------------------------- */

static void number_words(NgramWork *work, const char *blanked, gsize length, const guint64 *hashes, gsize count)
{
    word_list_run(&work->list, blanked, length);
    g_assert(work->list.count == count);
    g_array_set_size(work->numbers, (guint)count);
    for (gsize i = 0; i < count; i++) {
        const Word *word = &work->list.words[i];
        g_array_index(work->numbers, guint32, i) =
            ngram_index_word(work->index, hashes[i], work->list.folded + word->folded, word->folded_length);
    }
}

/* Only hits of equal words stay: at most one for each position. */
static void verify(const NgramWork *work, Search *search)
{
    const guint32 *document = (const guint32 *)(const void *)work->numbers->data;
    const guint32 *words = (const guint32 *)(const void *)work->index->word_numbers->data;
    guint kept = 0;
    for (guint i = 0; i < search->hits->len; i++) {
        NgramHit hit = *hit_at(search, i);
        guint32 place = g_array_index(search->table->places, guint32, hit.ngram);
        if (memcmp(document + hit.position, words + place, search->table->size * sizeof *words) == 0)
            g_array_index(search->hits, NgramHit, kept++) = hit;
    }
    g_array_set_size(search->hits, kept);
}

/* ---- Matches ---------------------------------------------------------------------------------------------------- */

static gboolean counts_as_proof(const NgramWork *work, guint32 ngram)
{
    return owner_count(work->long_search->table, ngram) <= work->index->rules.common;
}

static void extend_run(NgramWork *work, guint32 text, guint32 position)
{
    Run *run = &work->runs[text];
    if (run->best_count == 0)
        g_array_append_val(work->run_texts, text);
    if (run->count && run->first + run->count == position)
        run->count++;
    else
        *run = (Run){position, 1, run->best_first, run->best_count};
    if (run->count > run->best_count) {
        run->best_first = run->first;
        run->best_count = run->count;
    }
}

static void find_runs(NgramWork *work)
{
    const Search *search = work->long_search;
    for (guint i = 0; search && i < search->hits->len; i++) {
        const NgramHit *hit = hit_at(search, i);
        if (!counts_as_proof(work, hit->ngram))
            continue;
        for (guint32 o = search->table->owner_start[hit->ngram]; o < search->table->owner_start[hit->ngram + 1]; o++)
            extend_run(work, search->table->owners[o], hit->position);
    }
}

static guint32 run_words(const NgramWork *work, guint32 text)
{
    guint32 windows = work->runs[text].best_count;
    return windows ? windows - 1 + work->index->rules.long_ngram : 0;
}

static void add_match(NgramWork *work, guint32 text)
{
    NgramMatch match = {
        .text = text,
        .found = work->found[text],
        .of = ngrams_of(work, text),
        .run = run_words(work, text),
        .by_overlap = overlaps(work, text),
    };
    if (!match.by_overlap) {
        match.first_word = work->runs[text].best_first;
        match.words = match.run;
    }
    g_array_append_val(work->part, match);
}

static int compare_matches(gconstpointer a, gconstpointer b)
{
    const NgramMatch *left = a, *right = b;
    double left_overlap = (double)left->found / left->of, right_overlap = (double)right->found / right->of;
    if (left->by_overlap != right->by_overlap)
        return left->by_overlap ? -1 : 1;
    if (left_overlap != right_overlap)
        return left_overlap > right_overlap ? -1 : 1;
    if (left->run != right->run)
        return left->run > right->run ? -1 : 1;
    return (left->text > right->text) - (left->text < right->text);
}

static void collect_matches(NgramWork *work)
{
    count_found(work);
    find_runs(work);
    for (guint i = 0; i < work->touched->len; i++) {
        guint32 text = g_array_index(work->touched, guint32, i);
        if (overlaps(work, text) || work->runs[text].best_count)
            add_match(work, text);
    }
    /* With long n-grams shorter than the ordinary ones a text may have none of these. */
    for (guint i = 0; i < work->run_texts->len; i++)
        if (work->found[g_array_index(work->run_texts, guint32, i)] == 0)
            add_match(work, g_array_index(work->run_texts, guint32, i));
    g_array_sort(work->part, compare_matches);
}

static void forget_matches(NgramWork *work)
{
    forget_found(work);
    for (guint i = 0; i < work->run_texts->len; i++)
        work->runs[g_array_index(work->run_texts, guint32, i)] = (Run){0};
    g_array_set_size(work->run_texts, 0);
}

/* ---- Where they stand ------------------------------------------------------------------------------------------- */

static Search *search_of(const NgramWork *work, guint32 text)
{
    unsigned size = ngram_index_text(work->index, text)->size;
    gsize s = 0;
    while (work->searches[s].table->size != size)
        s++;
    return &work->searches[s];
}

/* The n-grams of the first matches lead to them. */
static void link_matches(NgramWork *work, guint count)
{
    for (guint m = 0; m < count; m++) {
        const NgramMatch *match = &g_array_index(work->part, NgramMatch, m);
        Search *search = search_of(work, match->text);
        for (guint32 i = search->table->member_start[match->text]; match->by_overlap && i < search->table->member_start[match->text + 1]; i++) {
            guint32 *head = &search->links[search->table->members[i]];
            Link link = {m, *head};
            *head = work->links->len;
            g_array_append_val(work->links, link);
        }
    }
}

static void unlink_matches(NgramWork *work, guint count)
{
    for (guint m = 0; m < count; m++) {
        guint32 text = g_array_index(work->part, NgramMatch, m).text;
        Search *search = search_of(work, text);
        for (guint32 i = search->table->member_start[text]; i < search->table->member_start[text + 1]; i++)
            search->links[search->table->members[i]] = NOBODY;
    }
    g_array_set_size(work->links, 0);
}

static void stretch_end(Stretch *stretch)
{
    if (stretch->covered > stretch->best_covered) {
        stretch->best_begin = stretch->begin;
        stretch->best_end = stretch->end;
        stretch->best_covered = stretch->covered;
    }
}

static void stretch_add(Stretch *stretch, guint32 position, guint32 size)
{
    guint32 end = position + size;
    if (stretch->end && position < stretch->end + size) {
        stretch->covered += MIN(size, end - stretch->end);
        stretch->end = end;
        return;
    }
    stretch_end(stretch);
    stretch->begin = position;
    stretch->end = end;
    stretch->covered = size;
}

static void find_stretches(NgramWork *work)
{
    Stretch stretches[NGRAM_DETAILED] = {{0}};
    guint count = MIN(work->part->len, NGRAM_DETAILED);
    link_matches(work, count);
    for (gsize s = 0; s < work->search_count; s++) {
        const Search *search = &work->searches[s];
        for (guint i = 0; i < search->hits->len; i++)
            for (guint32 link = search->links[hit_at(search, i)->ngram]; link != NOBODY; link = g_array_index(work->links, Link, link).next)
                stretch_add(&stretches[g_array_index(work->links, Link, link).match], hit_at(search, i)->position, search->table->size);
    }
    unlink_matches(work, count);
    for (guint m = 0; m < count; m++) {
        NgramMatch *match = &g_array_index(work->part, NgramMatch, m);
        stretch_end(&stretches[m]);
        if (match->by_overlap) {
            match->first_word = stretches[m].best_begin;
            match->words = stretches[m].best_end - stretches[m].best_begin;
        }
        match->start = work->list.words[match->first_word].start;
        match->end = work->list.words[match->first_word + match->words - 1].end;
    }
    for (guint m = count; m < work->part->len; m++)
        g_array_index(work->part, NgramMatch, m).words = 0;
}

static int compare_ranges(gconstpointer a, gconstpointer b)
{
    guint64 left = ((const NgramRange *)a)->start, right = ((const NgramRange *)b)->start;
    return (left > right) - (left < right);
}

/* Joins a window to the range before it, if that ends less than `gap` words before. */
static void add_window(GArray *ranges, guint first, guint64 start, guint64 end, guint64 gap)
{
    NgramRange *last = ranges->len > first ? &g_array_index(ranges, NgramRange, ranges->len - 1) : NULL;
    NgramRange range = {start, end};
    if (last && start < last->end + gap)
        last->end = MAX(last->end, end);
    else
        g_array_append_val(ranges, range);
}

/* Every window of every matching text. */
static void collect_windows(NgramWork *work)
{
    work->round++;
    for (guint m = 0; m < work->part->len; m++) {
        const NgramMatch *match = &g_array_index(work->part, NgramMatch, m);
        Search *search = search_of(work, match->text);
        for (guint32 i = search->table->member_start[match->text]; match->by_overlap && i < search->table->member_start[match->text + 1]; i++)
            search->stamps[search->table->members[i]] = work->round;
    }
    for (gsize s = 0; s < work->search_count; s++) {
        const Search *search = &work->searches[s];
        guint first = work->word_ranges->len;
        for (guint i = 0; i < search->hits->len; i++) {
            guint32 position = hit_at(search, i)->position, size = search->table->size;
            if (search->stamps[hit_at(search, i)->ngram] == work->round)
                add_window(work->word_ranges, first, position, position + size, size);
        }
    }
    guint first = work->word_ranges->len;
    for (guint i = 0; work->long_search && i < work->long_search->hits->len; i++) {
        guint32 position = hit_at(work->long_search, i)->position, size = work->long_search->table->size;
        if (counts_as_proof(work, hit_at(work->long_search, i)->ngram))
            add_window(work->word_ranges, first, position, position + size, MIN(size, work->index->rules.ngram));
    }
}

static void find_ranges(NgramWork *work, GArray *ranges)
{
    guint first = ranges->len;
    g_array_set_size(work->word_ranges, 0);
    collect_windows(work);
    g_array_sort(work->word_ranges, compare_ranges);
    for (guint i = 0; i < work->word_ranges->len; i++) {
        const NgramRange *range = &g_array_index(work->word_ranges, NgramRange, i);
        add_window(ranges, first, work->list.words[range->start].start, work->list.words[range->end - 1].end, 1);
    }
}

/* ---- The scan --------------------------------------------------------------------------------------------------- */

static gboolean find_hits(NgramWork *work, const guint64 *hashes, gsize count)
{
    gboolean any = FALSE;
    for (gsize s = 0; s < work->search_count; s++) {
        g_array_set_size(work->searches[s].hits, 0);
        ngram_table_find(work->searches[s].table, hashes, 0, count, work->searches[s].hits);
        any = any || work->searches[s].hits->len;
    }
    if (work->long_search)
        g_array_set_size(work->long_search->hits, 0);
    if (work->long_search && work->long_search->everywhere) {
        ngram_table_find(work->long_search->table, hashes, 0, count, work->long_search->hits);
        any = any || work->long_search->hits->len;
    }
    return any;
}

static void verify_all(NgramWork *work, const guint64 *hashes)
{
    for (gsize s = 0; s < work->search_count; s++)
        verify(work, &work->searches[s]);
    if (!work->long_search)
        return;
    if (!work->long_search->everywhere)
        find_rows(work, hashes, work->long_search->hits);
    verify(work, work->long_search);
}

/* Adds the matches and ranges of one text. */
static void scan_part(NgramScanner *scanner, const char *text, gsize length)
{
    NgramWork *work = scanner->work;
    gsize count;
    g_array_set_size(work->part, 0);
    folded_text_set(work->folded, text, length);
    const guint64 *hashes = word_hasher_run(work->hasher, work->folded, &count);
    if (!find_hits(work, hashes, count) || !anything_possible(work))
        return;
    number_words(work, text, length, hashes, count);
    verify_all(work, hashes);
    collect_matches(work);
    if (work->part->len) {
        find_stretches(work);
        find_ranges(work, scanner->ranges);
    }
    forget_matches(work);
    g_array_append_vals(scanner->matches, work->part->data, work->part->len);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    guint32 left = ((const NgramMatch *)a)->text, right = ((const NgramMatch *)b)->text;
    return left == right ? compare_matches(a, b) : left < right ? -1 : 1;
}

/* Of a text that both parts have, the greater match stays; ranges may lie in each other. */
static void unite_parts(NgramScanner *scanner)
{
    GArray *matches = scanner->matches, *ranges = scanner->ranges;
    guint kept = 0;
    g_array_sort(matches, compare_texts);
    for (guint i = 0; i < matches->len; i++)
        if (kept == 0 || g_array_index(matches, NgramMatch, kept - 1).text != g_array_index(matches, NgramMatch, i).text)
            g_array_index(matches, NgramMatch, kept++) = g_array_index(matches, NgramMatch, i);
    g_array_set_size(matches, kept);
    g_array_sort(matches, compare_matches);
    g_array_sort(ranges, compare_ranges);
    kept = 0;
    for (guint i = 0; i < ranges->len; i++) {
        const NgramRange *range = &g_array_index(ranges, NgramRange, i);
        NgramRange *last = kept ? &g_array_index(ranges, NgramRange, kept - 1) : NULL;
        if (last && range->start <= last->end)
            last->end = MAX(last->end, range->end);
        else
            g_array_index(ranges, NgramRange, kept++) = *range;
    }
    g_array_set_size(ranges, kept);
}

gsize ngram_scan(NgramScanner *scanner, const char *text, gsize length)
{
    ReferenceMarks *marks = &scanner->work->marks;
    g_array_set_size(scanner->matches, 0);
    g_array_set_size(scanner->ranges, 0);
    reference_marks_split(marks, text, length);
    scan_part(scanner, marks->outside, length);
    guint outside = scanner->matches->len;
    if (marks->inside)
        scan_part(scanner, marks->inside, length);
    if (outside > 0 && scanner->matches->len > outside)
        unite_parts(scanner);
    return scanner->matches->len;
}
