/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_*.c: strangers' XML to a tree, and what of it is refused. */
#include "base/arena.h"
#include "scrapers/formats/xml_entities.h"
#include "scrapers/formats/xml_tree.h"

/* The tree in a form that shows its nodes: <a id=v>[text]<b></b></a>. */
static void append_tree(GString *out, const XmlNode *node)
{
    if (node->name == XML_TEXT) {
        g_string_append_printf(out, "[%.*s]", (int)node->length, node->text);
        return;
    }
    g_autofree char *name = xml_local_name(node);
    g_string_append_printf(out, "<%s", name);
    for (guint i = 0; i < node->attributes; i++)
        g_string_append_printf(out, " %s=%s", xml_name_string(node->attribute[i].name), node->attribute[i].value);
    g_string_append_c(out, '>');
    for (const XmlNode *child = node->children; child; child = child->next) {
        g_assert_true(child->parent == node && (!child->next || child->next->previous == child));
        append_tree(out, child);
    }
    g_string_append_printf(out, "</%s>", name);
}

static void assert_tree_of(const char *bytes, gsize length, const char *expected)
{
    ParseFailure failure = {0};
    g_autoptr(XmlTree) tree = xml_tree_parse(bytes, length, &failure);
    g_assert_cmpstr(failure.detail, ==, "");
    g_autoptr(GString) out = g_string_new(NULL);
    append_tree(out, tree->root);
    g_assert_cmpstr(out->str, ==, expected);
}

#define assert_tree(xml, expected) assert_tree_of(xml, strlen(xml), expected)

static void assert_refused_of(const char *bytes, gsize length, const char *rule, const char *detail)
{
    ParseFailure failure = {0};
    g_autoptr(XmlTree) tree = xml_tree_parse(bytes, length, &failure);
    g_assert_null(tree);
    g_assert_cmpstr(failure.rule, ==, rule);
    if (!strstr(failure.detail, detail))
        g_error("'%s' does not contain '%s'", failure.detail, detail);
}

#define assert_refused(xml, detail) assert_refused_of(xml, strlen(xml), RULE_MALFORMED_XML, detail)

static void test_elements_text_and_attributes(void)
{
    assert_tree("<?xml version='1.0'?>\n<!-- c --><sec id = \"s1\" xlink:href='x > y' other='1'>a<b/><p>c</p >d</sec>\n<!-- e -->",
                "<sec id=s1 href=x > y>[a]<b></b><p>[c]</p>[d]</sec>");
    assert_tree("<mml:math xmlns:mml='m'><mml:mi>x</mml:mi></mml:math>", "<math><mi>[x]</mi></math>");
    assert_tree("<a><unheard-of rid=''/></a>", "<a><unheard-of rid=></unheard-of></a>");
    assert_tree("<p id='1' id='2'/>", "<p id=1></p>");
}

static void test_text_around_comments_is_one_node(void)
{
    assert_tree("<p>a<!-- <q> -->b<?page 3?>c<![CDATA[<d> &amp;]]>e</p>", "<p>[abc<d> &amp;e]</p>");
    assert_tree("<p><![CDATA[]]></p>", "<p></p>");
}

static void test_references_become_characters(void)
{
    assert_tree("<p other='&lt;&quot;&#x3b1;'>&amp;&alpha;&#945;&#x3B1;&NotEqualTilde;&nGt;&bgr; 5&#37;</p>",
                "<p>[&\xce\xb1\xce\xb1\xce\xb1\xe2\x89\x82\xcc\xb8\xe2\x89\xab\xe2\x83\x92\xce\xb2 5%]</p>");
    assert_tree("<p href='&lt;&quot;&#x3b1;'/>", "<p href=<\"\xce\xb1></p>");
    assert_tree("<!DOCTYPE p SYSTEM 'x.dtd'><p>&alpha;</p>", "<p>[\xce\xb1]</p>");
}

static void test_every_named_character_is_found(void)
{
    static const char *const known[][2] = {{"AElig", "\xc3\x86"}, {"zwnj", "\xe2\x80\x8c"}, {"alpha", "\xce\xb1"}, {"amp", "&"},
                                           {"NotEqualTilde", "\xe2\x89\x82\xcc\xb8"}, {"bgr", "\xce\xb2"}, {"lt", "<"}, {"l", ""},
                                           {"alphas", ""}, {"", ""}, {"zzz", ""}, {"AEli", ""}};
    for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
        char out[XML_ENTITY_SIZE + 1] = "";
        out[xml_entity_named(known[i][0], strlen(known[i][0]), out)] = '\0';
        g_assert_cmpstr(out, ==, known[i][1]);
    }
}

static void test_entities_of_the_document_are_expanded(void)
{
    assert_tree("<!DOCTYPE p [<!-- ]> --><!ELEMENT p (#PCDATA)><!ENTITY % x 'y'> %x; <?pi ]> ?><!ENTITY drug 'aspi&#114;in'>"
                "<!ENTITY drug \"never\"><!ENTITY both '&drug; &amp; <b id=\"&drug;\">&alpha;</b>'>]><p id='&drug;'>&both;!</p>",
                "<p id=aspirin>[aspirin & ]<b id=aspirin>[\xce\xb1]</b>[!]</p>");
}

static void test_nothing_outside_of_the_document_is_read(void)
{
    assert_refused("<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>\n<p>&x;</p>", "line 2: the entity '&x;' is external");
    assert_refused("<!DOCTYPE p [<!ENTITY x PUBLIC 'a' 'http://a/'>]><p id='&x;'/>", "external");
    assert_tree("<!DOCTYPE p [<!ENTITY % d SYSTEM 'http://a/x.dtd'> %d; <!ENTITY g SYSTEM 'a.gif' NDATA gif>]><p/>", "<p></p>");
}

static void test_unknown_entities_are_named(void)
{
    assert_refused("<a>\n\n&myown;</a>", "line 3: unknown entity '&myown;'");
    assert_refused("<!DOCTYPE a SYSTEM 'a.dtd'><a>&myown;</a>", "'&myown;'");
    assert_refused("<a id='&myown;'/>", "'&myown;'");
    assert_refused("<a>AT&T</a>", "begins no reference");
    assert_refused("<a>&#xD800;</a>", "begins no reference");
    assert_refused("<a>&#0;</a>", "begins no reference");
}

static void test_bombs_are_refused(void)
{
    g_autoptr(GString) bomb = g_string_new("<!DOCTYPE a [<!ENTITY e0 'lollollollol'>");
    for (int i = 1; i < 12; i++)
        g_string_append_printf(bomb, "<!ENTITY e%d '&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;&e%d;'>", i, i - 1, i - 1, i - 1, i - 1, i - 1,
                               i - 1, i - 1, i - 1, i - 1);
    g_string_append(bomb, "]><a>&e7;</a>");
    assert_refused_of(bomb->str, bomb->len, RULE_TOO_LARGE, "expand to more than 4 MB");
    g_string_truncate(bomb, bomb->len - strlen("e7;</a>"));
    g_string_append(bomb, "e11;</a>");
    assert_refused_of(bomb->str, bomb->len, RULE_MALFORMED_XML, "more than 8 deep");

    g_autoptr(GString) square = g_string_new("<!DOCTYPE a [<!ENTITY e '");
    for (int i = 0; i < 10000; i++)
        g_string_append(square, "0123456789");
    g_string_append(square, "'>]><a>");
    for (int i = 0; i < 10000; i++)
        g_string_append(square, "&e;");
    g_string_append(square, "</a>");
    assert_refused_of(square->str, square->len, RULE_TOO_LARGE, "expand");
    assert_refused("<!DOCTYPE a [<!ENTITY x '&y;'><!ENTITY y '&x;'>]><a>&x;</a>", "deep");
    assert_refused("<!DOCTYPE a [<!ENTITY x '&x;'>]><a id='&x;'/>", "deep");
}

static void test_entities_must_close_what_they_open(void)
{
    assert_refused("<!DOCTYPE a [<!ENTITY x '<b>'>]>\n<a>\n&x;</b></a>", "line 3: an entity leaves an element open");
    assert_refused("<!DOCTYPE a [<!ENTITY x '</b>'>]><a><b>&x;</a>", "closes nothing");
}

static void test_damage_is_told_with_its_line(void)
{
    assert_refused("<a>\n<b>\n</a>", "line 3: </a> where <b>, opened in line 2, should be closed");
    assert_refused("<a>\n<b>\n", "line 3: the document ends inside of <b>, opened in line 2");
    assert_refused("<a>\n1 < 2</a>", "line 2: a '<' that begins no tag");
    assert_refused("<a>\n<b c></b></a>", "line 2: a tag that is not well-formed");
    assert_refused("<a id=1/>", "not well-formed");
    assert_refused("<a id='x<b'/>", "'id' is not closed");
    assert_refused("<a id='x", "'id' is not closed");
    assert_refused("<a></a>\n<b/>", "line 2: <b> behind the end");
    assert_refused("<a/>text", "text behind the end");
    assert_refused("Not Found", "there is text before the first tag");
    assert_refused("", "there is no element");
    assert_refused("<!-- <a/>", "<!-- without -->");
    assert_refused("<a><![CDATA[x</a>", "<![CDATA[ without ]]>");
    assert_refused("<!DOCTYPE a [<!ENTITY x 'y>]><a/>", "DOCTYPE are not well-formed");
    assert_refused("<a></a b='1'>", "an end tag that is not well-formed");
    assert_refused("</a>", "closes nothing");
}

static void test_depth_is_capped(void)
{
    g_autoptr(GString) deep = g_string_new(NULL);
    for (guint i = 0; i < XML_DEPTH_LIMIT; i++)
        g_string_append(deep, "<b>");
    g_string_append(deep, "x");
    for (guint i = 0; i < XML_DEPTH_LIMIT; i++)
        g_string_append(deep, "</b>");
    ParseFailure failure = {0};
    g_autoptr(XmlTree) tree = xml_tree_parse(deep->str, deep->len, &failure);
    g_assert_nonnull(tree);
    g_string_prepend(deep, "<b>");
    assert_refused_of(deep->str, deep->len, RULE_MALFORMED_XML, "nested more than 256 deep");
}

static void test_encodings(void)
{
    static const char wide[] = "\xff\xfe<\0p\0>\0\xb1\x03<\0/\0p\0>\0", big[] = "\0<\0p\0>\x03\xb1\0<\0/\0p\0>";
    assert_tree("\xef\xbb\xbf<p>\xce\xb1</p>", "<p>[\xce\xb1]</p>");
    assert_tree_of(wide, sizeof wide - 1, "<p>[\xce\xb1]</p>");
    assert_tree_of(big, sizeof big - 1, "<p>[\xce\xb1]</p>");
    assert_tree("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><p>caf\xe9 \x96</p>", "<p>[caf\xc3\xa9 \xe2\x80\x93]</p>");
    assert_tree("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?><p>caf\xc3\xa9</p>", "<p>[caf\xc3\xa9]</p>");
    assert_tree("<?xml version='1.0' encoding='koi8-r'?><p>\xc4\xc1</p>", "<p>[\xd0\xb4\xd0\xb0]</p>");
    assert_refused("<?xml version='1.0' encoding='martian'?><p>\xc4</p>", "'martian' is unknown");
    assert_refused("<?xml version='1.0' encoding='Shift_JIS'?><p>\x81\xff</p>", "not of the encoding Shift_JIS");
    assert_refused_of("<p>\n\ncaf\xe9</p>", 13, RULE_INVALID_UTF8, "line 3: the byte 0xe9 is not UTF-8");
    assert_refused_of("<?xml encoding='utf-8'?><p>\xff</p>", 31, RULE_INVALID_UTF8, "0xff");
}

static void test_an_arena_is_capped_and_reused(void)
{
    g_auto(Arena) arena;
    arena_init(&arena, 1 << 20);
    for (int round = 0; round < 3; round++) {
        char *first = arena_alloc(&arena, 1000), *second = arena_copy(&arena, "text", 3);
        g_assert_cmpstr(second, ==, "tex");
        memset(first, 1, 1000);
        arena_trim(&arena, second, 4, 1);
        g_assert_cmpuint(arena.used, ==, 1001);
        g_assert_nonnull(arena_alloc(&arena, 500000));
        g_assert_null(arena_alloc(&arena, 600000));
        g_assert_true(arena.overflowed);
        g_assert_null(arena_alloc(&arena, 1));
        arena_reset(&arena);
        g_assert_false(arena.overflowed);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/xml/elements, text and attributes make a tree", test_elements_text_and_attributes);
    g_test_add_func("/xml/text around comments and CDATA is one node", test_text_around_comments_is_one_node);
    g_test_add_func("/xml/references become characters, with or without a DOCTYPE", test_references_become_characters);
    g_test_add_func("/xml/every named character is found", test_every_named_character_is_found);
    g_test_add_func("/xml/entities that the document declares are expanded", test_entities_of_the_document_are_expanded);
    g_test_add_func("/xml/nothing outside of the document is read", test_nothing_outside_of_the_document_is_read);
    g_test_add_func("/xml/an unknown entity is refused by name and line", test_unknown_entities_are_named);
    g_test_add_func("/xml/entity bombs are refused", test_bombs_are_refused);
    g_test_add_func("/xml/an entity closes what it opens", test_entities_must_close_what_they_open);
    g_test_add_func("/xml/damage is told with its line", test_damage_is_told_with_its_line);
    g_test_add_func("/xml/depth is capped", test_depth_is_capped);
    g_test_add_func("/xml/encodings are those of the marks, the declaration, or UTF-8", test_encodings);
    g_test_add_func("/xml/an arena has a cap and is used again", test_an_arena_is_capped_and_reused);
    return g_test_run();
}
