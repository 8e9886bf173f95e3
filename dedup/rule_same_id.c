/* SPDX-License-Identifier: Apache-2.0
 * Documents that share an identifier; see dedup/rules.h. */
#include "dedup/bucket.h"
#include "dedup/rules.h"

static gboolean add_keys(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    for (unsigned i = 0; i < sketch->identifier_count; i++)
        key_list_add(user, sketch->identifiers[i].hash.high, index);
    return TRUE;
}

static gboolean same(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    Sketch left, right;
    if (!corpus_sketch(user, a, &left, error) || !corpus_sketch(user, b, &right, error))
        return FALSE;
    *answer = sketch_shares_identifier(&left, &right);
    return TRUE;
}

gboolean rule_same_id(Corpus *corpus, GError **error)
{
    g_auto(KeyList) keys = {0};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    return corpus_scan(corpus, add_keys, &keys, error) && key_list_link(&keys, sets, same, corpus, error) &&
           corpus_merge(corpus, sets, RULE_SAME_ID, NULL, NULL, error);
}
