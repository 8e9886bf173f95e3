/* SPDX-License-Identifier: Apache-2.0
 * base/pipeline.h - one reader, many workers, one writer; order in is order out.
 *
 * pipeline_run calls `next` on a thread of its own until it returns NULL, `work` on `jobs` threads at once, and `sink`
 * on the calling thread, in exactly the order in which `next` produced the items. At most `depth` items are under way,
 * so memory is bounded by depth times the largest item. What comes out does not depend on `jobs`.
 *
 * The first error of any callback stops the run; items under way are freed, and pipeline_run returns FALSE with it.
 * `worker_new` (may be NULL) makes each worker thread's private state on that thread; `worker_free` ends it.
 * Ownership: an item belongs to the pipeline from `next` on; after `sink` it is passed to `item_free`.
 */
#ifndef BASE_PIPELINE_H
#define BASE_PIPELINE_H

#include <glib.h>

typedef struct Pipeline {
    gpointer user;
    gpointer (*next)(gpointer user, GError **error); /* NULL without error: the end */
    gpointer (*worker_new)(gpointer user, GError **error);
    gboolean (*work)(gpointer user, gpointer worker, gpointer item, GError **error);
    void (*worker_free)(gpointer worker);
    gboolean (*sink)(gpointer user, gpointer item, GError **error);
    GDestroyNotify item_free;
} Pipeline;

gboolean pipeline_run(const Pipeline *pipeline, unsigned jobs, unsigned depth, GError **error);

#endif
