/* SPDX-License-Identifier: Apache-2.0
 * One look at every element of an article before it is written; see jats_walk.h. */
#include "scrapers/formats/jats_walk.h"

#define UNKNOWN_LIMIT 100u /* names of unknown elements that are kept */

static void add_unknown(JatsWalk *walk, const XmlNode *node)
{
    if (!walk->unknown)
        walk->unknown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (g_hash_table_size(walk->unknown) < UNKNOWN_LIMIT)
        g_hash_table_add(walk->unknown, xml_local_name(node));
}

/* The first of several elements with one id counts. */
static void add_target(JatsWalk *walk, const XmlNode *node)
{
    const char *id = xml_attribute(node, XML_ID);
    if (!id || g_hash_table_contains(walk->targets, id))
        return;
    JatsTarget *target = g_new0(JatsTarget, 1);
    target->node = node;
    g_hash_table_insert(walk->targets, (gpointer)id, target);
}

void jats_index(JatsWalk *walk, XmlNode *parent)
{
    for (XmlNode *node = parent->children; node; node = node->next) {
        node->name = (guint16)jats_alias(node->name);
        switch (jats_role(node->name)) {
        case JATS_UNKNOWN:
            add_unknown(walk, node);
            break;
        case JATS_FLOAT:
        case JATS_FOOTNOTE:
            add_target(walk, node);
            break;
        case JATS_PART:
            if (node->name == XML_REF)
                jats_references_add(walk->references, node);
            break;
        default:
            break;
        }
        if (node->children && node->name != XML_SUB_ARTICLE && node->name != XML_RESPONSE)
            jats_index(walk, node);
    }
}
