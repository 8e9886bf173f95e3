/* SPDX-License-Identifier: Apache-2.0
 * Works of documents that go; see scrapers/works_touched.h. */
#include "scrapers/works_touched.h"

#include "scrapers/works.h"
#include "store/metadata.h"

GArray *works_touched(Store *store, const GArray *docnos, GError **error)
{
    g_auto(StageRun) run = {0};
    g_auto(KeyIndexRuns) index = {0};
    GError *failure = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, error);
    if (!txn)
        return NULL;
    if (!stage_load(txn, METADATA_STAGE, &run, &failure) && failure) {
        g_propagate_error(error, failure);
        return NULL;
    }
    if (!run.fingerprint || !json_object_get(run.position, "index"))
        return g_array_new(FALSE, FALSE, sizeof(Docno));
    key_index_runs_read(&index, json_object_get(run.position, "index"));
    return works_closure(txn, &index, docnos, error);
}
