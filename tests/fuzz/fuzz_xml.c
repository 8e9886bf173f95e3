/* SPDX-License-Identifier: Apache-2.0
 * Bytes as an XML document: whatever they are, a sound tree or a failure comes out. */
#include <stdint.h>

#include "scrapers/formats/xml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const XmlNode *node, guint depth)
{
    const XmlNode *previous = NULL;
    g_assert_cmpuint(depth, <=, XML_DEPTH_LIMIT);
    g_assert_cmpuint(node->name, <, XML_NAME_COUNT);
    g_assert_true(g_utf8_validate_len(node->text, node->length, NULL) || memchr(node->text, 0, node->length));
    for (guint i = 0; i < node->attributes; i++)
        g_assert_true(g_utf8_validate(node->attribute[i].value, -1, NULL));
    for (const XmlNode *child = node->children; child; child = child->next) {
        g_assert_true(child->parent == node && child->previous == previous);
        g_assert_true(child->name != XML_TEXT || !previous || previous->name != XML_TEXT);
        check_node(child, depth + 1);
        previous = child;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ParseFailure failure = {0};
    g_autoptr(XmlTree) tree = xml_tree_parse((const char *)data, size, &failure);
    g_assert_true((tree == NULL) == (failure.rule != NULL));
    if (tree)
        check_node(tree->root, 1);
    return 0;
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><!DOCTYPE a PUBLIC \"-//A//B\" \"http://a/b.dtd\" [<!ENTITY x \"y&#65;<b>&z;</b>\"><!ENTITY z 'q'>"
    "<!ENTITY e SYSTEM \"f\"><!ENTITY % p \"r\">%p;<!ELEMENT a ANY><!-- ]> -->]><a id=\"&x;1&amp;\" xmlns:m='n'><m:b rid='c'/>t&x;u&alpha;"
    "<!-- c --><![CDATA[<d>]]>&#x3b1;</a>",
    "<a>&NotEqualTilde;&nGt;&#60;&e;<b c=d></a></b>",
    "<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>",
    "<?xml version='1.0' encoding='gb18030'?><a>\x81\x30\x81\x30</a>",
    NULL,
};
