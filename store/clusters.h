/* SPDX-License-Identifier: Apache-2.0
 * store/clusters.h - documents that were merged, together with the one that stands for them.
 *
 * A cluster is a document and all those whose winners, and the winners of these, lead to it. What the ledger says of each
 * member stays beside it: the rule, the value (a similarity, or the share that is contained) and its own winner, which an
 * earlier rule may have chosen and which may be a member too. Chapters, which are parts of a document and no duplicates,
 * are not here.
 *
 * Sequence: c = clusters_load(txn, NULL, e); read c->clusters; clusters_free(c). The strings are the struct's own.
 * Time: one walk over the ledger, and sorting. Memory: 72 bytes for each merged document, and the details of verdicts.
 */
#ifndef STORE_CLUSTERS_H
#define STORE_CLUSTERS_H

#include "base/json.h"
#include "store/ledger.h"

typedef struct ClusterMember {
    Docno docno;
    Docno winner; /* as in its verdict */
    Docno kept;   /* of the cluster */
    const char *stage, *rule;
    const char *detail; /* may be NULL */
    double value, threshold; /* NAN where the rule compares no numbers */
} ClusterMember;

typedef struct Cluster {
    Docno kept;   /* stands for all; a later stage may have dropped it */
    guint first;  /* its members, in `members`, by rising number */
    guint count;  /* without the kept one: at least 1 */
} Cluster;

typedef struct Clusters {
    GArray *members;  /* of ClusterMember */
    GArray *clusters; /* of Cluster: those of most members first, then by the number of the kept document */
    GStringChunk *strings;
} Clusters;

/* `rule`: only clusters in which it merged a member, whole; NULL: all. */
Clusters *clusters_load(StoreTxn *txn, const char *rule, GError **error);
void clusters_free(Clusters *clusters);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Clusters, clusters_free)
/* The cluster of a document, kept or member; NULL: it has no duplicates. */
const Cluster *clusters_find(const Clusters *clusters, Docno docno);
/* {"size", "kept": {"docno", "source", "id", "title"}, "members": [{the same, "stage", "rule", "value", "threshold", "winner",
 * "detail"}]}; at most `limit` members. */
json_t *cluster_json(StoreTxn *txn, const Clusters *clusters, const Cluster *cluster, guint limit, GError **error);

#endif
