/* SPDX-License-Identifier: Apache-2.0
 * Documents of one text; see dedup/rules.h. */
#include "dedup/bucket.h"
#include "dedup/rules.h"

static gboolean add_key(gpointer user, guint32 index, const Sketch *sketch, GError **error)
{
    key_list_add(user, sketch->exact.high, index);
    return TRUE;
}

static gboolean same(gpointer user, guint32 a, guint32 b, gboolean *answer, GError **error)
{
    Sketch left, right;
    if (!corpus_sketch(user, a, &left, error) || !corpus_sketch(user, b, &right, error))
        return FALSE;
    *answer = hash128_equal(left.exact, right.exact);
    return TRUE;
}

gboolean rule_exact(Corpus *corpus, GError **error)
{
    g_auto(KeyList) keys = {0};
    g_autoptr(UnionFind) sets = union_find_new(corpus->count);
    return corpus_scan(corpus, add_key, &keys, error) && key_list_link(&keys, sets, same, corpus, error) &&
           corpus_merge(corpus, sets, RULE_EXACT, NULL, NULL, error);
}
