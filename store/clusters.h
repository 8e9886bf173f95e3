/* SPDX-License-Identifier: Apache-2.0
 * store/clusters.h - documents that were merged, together with the one that stands for them.
 *
 * A cluster is a document and all those whose winners, and the winners of these, lead to it. What the ledger says of each
 * member stays beside it: the rule, the value (a similarity, or the share that is contained) and its own winner, which an
 * earlier rule may have chosen and which may be a member too. Chapters, which are parts of a document and no duplicates,
 * are not here.
 *
 * Sequence: c = clusters_load(txn, NULL, e), or clusters_of(txn, docno, e) for the cluster of one document; read c->clusters;
 * clusters_free(c). The strings are the struct's own.
 * Time: of clusters_load one walk over the ledger, and sorting; of clusters_of a few look-ups for each member. Memory: 72 bytes for each
 * merged document, and the details of verdicts.
 *
 * clusters_of goes by TABLE_CLUSTERS, the index of merged documents by their winners: the two numbers, and a byte for who merged
 * (dedup's rule, or CLUSTER_CONTAINED). Stages put an entry there with each verdict. An entry may outlive its verdict, so what
 * it says holds only if the ledger says it too.
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
/* One cluster, that of this document, kept or member; or none. */
Clusters *clusters_of(StoreTxn *txn, Docno docno, GError **error);
/* {"size", "kept": {"docno", "source", "id", "title"}, "members": [{the same, "stage", "rule", "value", "threshold", "winner",
 * "detail"}]}; at most `limit` members. */
json_t *cluster_json(StoreTxn *txn, const Clusters *clusters, const Cluster *cluster, guint limit, GError **error);

/* ---- The index --------------------------------------------------------------------------------------------------- */

#define CLUSTER_CONTAINED 255

gboolean cluster_entry_put(StoreTxn *txn, Docno winner, Docno loser, guint8 by, GError **error);
gboolean cluster_entry_delete(StoreTxn *txn, Docno winner, Docno loser, GError **error);
/* FALSE without error: there is none. */
gboolean cluster_entry_get(StoreTxn *txn, Docno winner, Docno loser, guint8 *by, GError **error);
/* Calls for each entry of a winner, by rising loser; the walk ends where it returns FALSE. */
typedef gboolean (*ClusterVisit)(gpointer user, Docno loser, guint8 by, GError **error);
gboolean cluster_entries(StoreTxn *txn, Docno winner, ClusterVisit visit, gpointer user, GError **error);

#endif
