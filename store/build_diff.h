/* SPDX-License-Identifier: Apache-2.0
 * store/build_diff.h - what differs between two builds: documents in, out and changed, verdicts, tokens, settings.
 *
 * Documents are told by source and id. build_diff_stores walks the first store in the order of its documents and looks
 * each one up in the second, then the second for those that the first lacks: linear but for the look-ups, on `jobs`
 * threads, in constant memory. Two finished builds with one root are the same, and are not walked.
 *
 * A document is changed where its facts or text as extracted (where it lay aside), its clean text, what was cut out of
 * it, or the tokens that it has in the shards differ; its verdict is compared by outcome, stage and rule. Of several
 * documents of one source with one id, only the one that the id leads to is compared; the others are compared as a whole.
 *
 * The result is an object: "same"; "roots" of both (null: unfinished); "settings": {"path", "from", "to"} for each
 * setting of the recipes that differs; "sources": per source that differs, "tag", "in", "out", "changed", "verdicts"
 * (documents whose verdict differs), "kept" and "tokens" as pairs, "repeats_differ"; "verdicts": {"source", "from", "to",
 * "documents"}; "manifest": paths of what else differs in the manifests.
 *
 * build_diff_manifests makes the same of two manifests alone: "documents" in pairs instead of in, out and changed, and
 * "verdicts" {"source", "rule", "documents": pair}.
 */
#ifndef STORE_BUILD_DIFF_H
#define STORE_BUILD_DIFF_H

#include "base/json.h"
#include "store/stage.h"

typedef enum {
    DIFF_IN = 1,
    DIFF_OUT = 2,
    DIFF_TEXT = 4,
    DIFF_CLEAN = 8,
    DIFF_CUTS = 16,
    DIFF_VERDICT = 32,
    DIFF_TOKENS = 64,
} DiffKinds;

typedef struct DiffEntry {
    DiffKinds kinds;
    char *source, *id;
    char *from, *to; /* verdicts: "kept", "dropped clean/too-short", "undecided"; NULL where there is no document */
    guint64 tokens[2];
    gboolean kept[2];
    gboolean repeat; /* another document of its source has its id, too; kinds is 0 */
    guint64 digest;  /* of a repeat */
    guint side;      /* of a repeat */
} DiffEntry;

/* Called for each document that differs, in the order of the walk. */
typedef void (*DiffVisit)(gpointer user, const DiffEntry *entry);

json_t *build_diff_stores(Store *before, Store *after, unsigned jobs, Progress *progress, DiffVisit visit, gpointer user,
                          GError **error);
json_t *build_diff_manifests(const json_t *before, const json_t *after);

#endif
