/* SPDX-License-Identifier: Apache-2.0
 * From merges to the ledger; see dedup/verdicts.h. */
#include "dedup/verdicts.h"

#include "base/error.h"
#include "store/document.h"
#include "store/identity.h"
#include "store/ledger.h"

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

static char *describe_identity(const Document *loser, const Document *winner)
{
    g_auto(Identity) left, right;
    identity_read(&left, loser);
    identity_read(&right, winner);
    const char *shared = identity_shared(&left, &right);
    return g_strdup(shared ? shared : "linked through the identifiers of further documents");
}

/* One line for people on what the rule, value and threshold do not say. NULL: nothing. */
static gboolean describe(StoreTxn *txn, const Merge *merge, Docno loser, Docno winner, char **detail, GError **error)
{
    g_auto(Document) left = {0}, right = {0};
    *detail = NULL;
    if (merge->rule == RULE_SAME_ID) {
        if (!read_facts(txn, loser, &left, error) || !read_facts(txn, winner, &right, error))
            return FALSE;
        *detail = describe_identity(&left, &right);
    } else if (merge->value < merge->threshold) {
        *detail = g_strdup("linked through further documents, each similar enough to the next");
    } else if (merge->rule == RULE_TITLE) {
        *detail = g_strdup(merge->value >= merge->threshold ? "one title and similar texts"
                                                            : "one title, of an abstract and its article");
    }
    return TRUE;
}

static gboolean write_batch(StoreTxn *txn, gpointer user, GError **error)
{
    const VerdictBatch *batch = user;
    const Candidate *candidates = batch->corpus->candidates;
    for (guint i = batch->first; i < batch->end; i++) {
        const Merge *merge = &g_array_index(batch->corpus->merges, Merge, i);
        Docno loser = candidates[merge->loser].docno, winner = candidates[merge->winner].docno;
        g_autofree char *detail = NULL;
        if (!describe(txn, merge, loser, winner, &detail, error))
            return FALSE;
        Verdict verdict = {.outcome = OUTCOME_MERGED,
                           .stage = "dedup",
                           .rule = dedup_rule_name(merge->rule),
                           .value = merge->value,
                           .threshold = merge->threshold,
                           .winner = winner,
                           .detail = detail};
        if (!ledger_put(txn, loser, &verdict, error))
            return FALSE;
    }
    return TRUE;
}

static int compare_losers(gconstpointer a, gconstpointer b)
{
    guint32 left = ((const Merge *)a)->loser, right = ((const Merge *)b)->loser;
    return (left > right) - (left < right);
}

gboolean verdicts_write(Store *store, Corpus *corpus, unsigned batch, GError **error)
{
    g_array_sort(corpus->merges, compare_losers);
    VerdictBatch part = {.corpus = corpus};
    for (; part.first < corpus->merges->len; part.first = part.end) {
        part.end = MIN(part.first + (batch ? batch : DEFAULT_BATCH), corpus->merges->len);
        if (!store_write(store, write_batch, &part, error))
            return FALSE;
    }
    return TRUE;
}
