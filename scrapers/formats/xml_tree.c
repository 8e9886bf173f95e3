/* SPDX-License-Identifier: Apache-2.0
 * Ways around a tree; see xml_tree.h. */
#include "scrapers/formats/xml_tree.h"

const XmlNode *xml_next(const XmlNode *node, XmlName name)
{
    for (node = node->next; node; node = node->next)
        if (node->name == name)
            return node;
    return NULL;
}

const XmlNode *xml_child(const XmlNode *parent, XmlName name)
{
    if (!parent || !parent->children)
        return NULL;
    return parent->children->name == name ? parent->children : xml_next(parent->children, name);
}

const XmlNode *xml_below(const XmlNode *node, XmlName name)
{
    XML_EACH_ELEMENT(child, node) {
        const XmlNode *found = child->name == name ? child : xml_below(child, name);
        if (found)
            return found;
    }
    return NULL;
}

const XmlNode *xml_walk_path(const XmlNode *parent, const XmlName *names)
{
    for (; parent && *names != XML_UNKNOWN; names++)
        parent = xml_child(parent, *names);
    return parent;
}

const char *xml_attribute_or(const XmlNode *node, XmlName name, const char *absent)
{
    for (guint i = 0; i < node->attributes; i++)
        if (node->attribute[i].name == name)
            return node->attribute[i].value;
    return absent;
}

const char *xml_attribute(const XmlNode *node, XmlName name)
{
    const char *value = xml_attribute_or(node, name, NULL);
    return value && *value ? value : NULL;
}

gboolean xml_attribute_is(const XmlNode *node, XmlName name, const char *value)
{
    const char *found = xml_attribute_or(node, name, NULL);
    return found && strcmp(found, value) == 0;
}

char *xml_local_name(const XmlNode *node)
{
    const char *colon = memchr(node->text, ':', node->length);
    gsize prefix = colon ? (gsize)(colon - node->text) + 1 : 0;
    return g_strndup(node->text + prefix, node->length - prefix);
}

gboolean xml_is_blank(const XmlNode *text)
{
    for (guint32 i = 0; i < text->length; i++)
        if (!strchr(" \t\r\n", text->text[i]) || !text->text[i])
            return FALSE;
    return TRUE;
}
