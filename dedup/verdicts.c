/* SPDX-License-Identifier: Apache-2.0
 * From merges to the ledger; see dedup/verdicts.h. */
#include "dedup/verdicts.h"

#include "base/error.h"
#include "dedup/duplicate_index.h"
#include "store/document.h"
#include "store/ledger.h"
#include "store/metadata.h"

#define DEFAULT_BATCH 16384

typedef struct VerdictBatch {
    const Corpus *corpus;
    guint first;
    guint end;
} VerdictBatch;

static gboolean read_facts(StoreTxn *txn, Docno docno, Document *document, GError **error)
{
    GError *cause = NULL;
    if (document_get_facts(txn, docno, document, &cause))
        return TRUE;
    if (cause)
        g_propagate_error(error, cause);
    else
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "document %" G_GUINT64_FORMAT " has a signature but is not in the store; run galen audit", docno);
    return FALSE;
}

static gboolean describe_identity(StoreTxn *txn, Docno loser, const Document *left, Docno winner, const Document *right, char **detail,
                                  GError **error)
{
    g_auto(Identity) lost = {0}, kept = {0};
    g_autoptr(Metadata) of_loser = metadata_load(txn, loser, left, error);
    g_autoptr(Metadata) of_winner = of_loser ? metadata_load(txn, winner, right, error) : NULL;
    if (!of_winner)
        return FALSE;
    metadata_identity(of_loser, &lost);
    metadata_identity(of_winner, &kept);
    const char *shared = identity_shared(&lost, &kept);
    *detail = g_strdup(shared ? shared : "linked through the identifiers of further documents");
    return TRUE;
}

/* One line for people on what the rule, value and threshold do not say. NULL: nothing. */
static gboolean describe(StoreTxn *txn, const Merge *merge, gboolean verified, Docno loser, Docno winner, char **detail, GError **error)
{
    g_auto(Document) left = {0}, right = {0};
    *detail = NULL;
    if (merge->rule == RULE_SAME_ID) {
        if (!read_facts(txn, loser, &left, error) || !read_facts(txn, winner, &right, error))
            return FALSE;
        return describe_identity(txn, loser, &left, winner, &right, detail, error);
    } else if (merge->rule == RULE_WORDS) {
        *detail = g_strdup("the same words, with other punctuation or spacing");
    } else if (merge->rule == RULE_NEAR && !verified) {
        *detail = g_strdup("estimated from the signatures; texts were not compared");
    } else if (merge->value < merge->threshold) {
        *detail = g_strdup("linked through further documents, each similar enough to the next");
    } else if (merge->rule == RULE_TITLE || merge->rule == RULE_URL) {
        const char *what = merge->rule == RULE_TITLE ? "title" : "address";
        *detail = g_strdup_printf(merge->value >= merge->threshold ? "one %s and similar texts" : "one %s, of an abstract and its article",
                                  what);
    }
    return TRUE;
}

gboolean verdict_of_merge(StoreTxn *txn, const Corpus *corpus, const Merge *merge, Verdict *verdict, char **detail, GError **error)
{
    Docno loser = corpus->candidates[merge->loser].docno, winner = corpus->candidates[merge->winner].docno;
    if (!describe(txn, merge, corpus->recipe->dedup.verify, loser, winner, detail, error))
        return FALSE;
    *verdict = (Verdict){.outcome = OUTCOME_MERGED,
                         .stage = "dedup",
                         .rule = dedup_rule_name(merge->rule),
                         .value = merge->value,
                         .threshold = merge->threshold,
                         .winner = winner,
                         .detail = *detail};
    return TRUE;
}

static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    const VerdictBatch *batch = user;
    for (guint i = batch->first; i < batch->end; i++) {
        const Merge *merge = &g_array_index(batch->corpus->merges, Merge, i);
        Docno loser = batch->corpus->candidates[merge->loser].docno;
        g_autofree char *detail = NULL;
        Verdict verdict;
        if (!verdict_of_merge(txn, batch->corpus, merge, &verdict, &detail, error) || !ledger_put(txn, loser, &verdict, error) ||
            !cluster_put(txn, verdict.winner, loser, merge->rule, error))
            return FALSE;
    }
    return TRUE;
}

static int compare_losers(gconstpointer a, gconstpointer b, gpointer user)
{
    const Candidate *candidates = user;
    Docno left = candidates[((const Merge *)a)->loser].docno, right = candidates[((const Merge *)b)->loser].docno;
    return (left > right) - (left < right);
}

gboolean verdicts_write(Store *store, Corpus *corpus, unsigned batch, GError **error)
{
    g_array_sort_with_data(corpus->merges, compare_losers, corpus->candidates);
    VerdictBatch part = {.corpus = corpus};
    for (; part.first < corpus->merges->len; part.first = part.end) {
        part.end = MIN(part.first + (batch ? batch : DEFAULT_BATCH), corpus->merges->len);
        if (!store_write(store, write_batch, &part, error))
            return FALSE;
    }
    return TRUE;
}
