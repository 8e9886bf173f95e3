/* SPDX-License-Identifier: Apache-2.0
 * From bytes to a tree in one pass; see xml_tree.h.
 *
 * Text without references is not copied: a node points into the bytes. Names become numbers once. Nodes, their attributes
 * and decoded text lie one behind the other in the tree's arena, which a thread keeps for its next document. */
#include "scrapers/formats/xml_doctype.h"
#include "scrapers/formats/xml_encoding.h"
#include "scrapers/formats/xml_entities.h"
#include "scrapers/formats/xml_reference.h"
#include "scrapers/formats/xml_tree.h"

#define ENTITY_NESTING 8u

typedef struct XmlReader {
    const char *at, *end;   /* of the document, or of an entity's text */
    const char *start;      /* of the document, for line numbers */
    const char *place;      /* in an entity: the reference to it in the document; else NULL */
    const char *stop;       /* of the document */
    XmlTree *tree;
    XmlNode *open;          /* the element that we are in; NULL: outside of the root */
    XmlNode *last;          /* its last child so far */
    guint depth;            /* of `open` */
    guint floor;            /* elements that an entity must not close */
    guint nesting;          /* of entities */
    gsize expanded;         /* bytes of entities' text so far */
    char *joined;           /* the text of a node that was put together, and the bytes that may stand there */
    gsize joined_room;
    gboolean ended;         /* the root is closed */
    XmlDoctype doctype;
    ParseFailure *failure;
    XmlAttribute attributes[XML_ATTRIBUTE_LIMIT];
} XmlReader;

static guint line_of(const XmlReader *reader, const char *at)
{
    guint line = 1;
    for (const char *from = reader->start; (from = memchr(from, '\n', (gsize)(at - from))); from++)
        line++;
    return line;
}

static gboolean fail_with(XmlReader *reader, const char *rule, const char *at, const char *format, ...) G_GNUC_PRINTF(4, 5);

static gboolean fail_with(XmlReader *reader, const char *rule, const char *at, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (reader->place)
        at = reader->place;
    parse_failure_set(reader->failure, rule, "line %u: %s", line_of(reader, at), what);
    return FALSE;
}

#define fail(reader, at, ...) fail_with(reader, RULE_MALFORMED_XML, at, __VA_ARGS__)

static gboolean fail_too_large(XmlReader *reader)
{
    return fail_with(reader, RULE_TOO_LARGE, reader->at, "the elements up to here take more than %u MB",
                     (unsigned)(XML_TREE_LIMIT >> 20));
}

/* ---- Nodes --------------------------------------------------------------------------------------------------- */

static XmlNode *add_node(XmlReader *reader, XmlName name, const char *text, gsize length, guint attributes)
{
    XmlNode *node = arena_alloc(&reader->tree->arena, sizeof *node + attributes * sizeof *node->attribute);
    if (!node) {
        fail_too_large(reader);
        return NULL;
    }
    *node = (XmlNode){.name = (guint16)name, .attributes = (guint16)attributes, .length = (guint32)length, .text = text,
                      .parent = reader->open, .previous = reader->last};
    for (guint i = 0; i < attributes; i++)
        node->attribute[i] = reader->attributes[i];
    if (reader->last)
        reader->last->next = node;
    else if (reader->open)
        reader->open->children = node;
    reader->last = node;
    return node;
}

/* Text behind text, as around a comment, makes one node. */
static gboolean join_text(XmlReader *reader, XmlNode *last, const char *text, gsize length)
{
    gsize whole = last->length + length;
    if (last->text != reader->joined || whole > reader->joined_room) {
        char *joined = arena_alloc(&reader->tree->arena, 2 * whole);
        if (!joined)
            return fail_too_large(reader);
        memcpy(joined, last->text, last->length);
        last->text = reader->joined = joined;
        reader->joined_room = 2 * whole;
    }
    memcpy(reader->joined + last->length, text, length);
    last->length = (guint32)whole;
    return TRUE;
}

static gboolean add_text(XmlReader *reader, const char *text, gsize length)
{
    if (length == 0)
        return TRUE;
    if (reader->last && reader->last->name == XML_TEXT)
        return join_text(reader, reader->last, text, length);
    return add_node(reader, XML_TEXT, text, length, 0) != NULL;
}

/* ---- References ---------------------------------------------------------------------------------------------- */

/* A reference at `at` that stands for characters: writes them and returns the bytes read. 0: it is of another kind. */
static gsize read_characters(const char *at, const char *end, char *out, gsize *size)
{
    gsize length = (gsize)(end - at), read = xml_reference_number(at, length, out, size);
    if (read)
        return read;
    gsize name = xml_reference_name(at + 1, length - 1);
    if (!name || name + 1 >= length || at[name + 1] != ';')
        return 0;
    *size = xml_entity_named(at + 1, name, out);
    return *size ? name + 2 : 0;
}

/* The entity that a reference at `at` names, declared by the document itself. NULL with the failure set: there is none. */
static const XmlEntity *find_entity(XmlReader *reader, const char *at, const char *end, gsize *read)
{
    gsize name = xml_reference_name(at + 1, (gsize)(end - at) - 1);
    if (!name || at + name + 1 >= end || at[name + 1] != ';') {
        fail(reader, at, "an '&' that begins no reference; it should be &amp;");
        return NULL;
    }
    *read = name + 2;
    const XmlEntity *entity = xml_doctype_entity(&reader->doctype, at + 1, name);
    if (!entity)
        fail(reader, at, "unknown entity '&%.*s;'", (int)name, at + 1);
    else if (!entity->text)
        fail(reader, at, "the entity '&%.*s;' is external, and nothing is read from outside of the document", (int)name, at + 1);
    return entity && entity->text ? entity : NULL;
}

static gboolean enter_entity(XmlReader *reader, const char *at, const XmlEntity *entity)
{
    reader->expanded += entity->length;
    if (reader->expanded > XML_EXPANSION_LIMIT)
        return fail_with(reader, RULE_TOO_LARGE, at, "the document's entities expand to more than %u MB",
                         (unsigned)(XML_EXPANSION_LIMIT >> 20));
    if (++reader->nesting > ENTITY_NESTING)
        return fail(reader, at, "entities within entities, more than %u deep", ENTITY_NESTING);
    return TRUE;
}

static gboolean read_content(XmlReader *reader);

/* The text of an entity as if it stood in the place of the reference: it must close what it opens, and no more. */
static gboolean expand_content(XmlReader *reader, const char *at, const XmlEntity *entity)
{
    const char *old_at = reader->at, *old_end = reader->end, *old_place = reader->place;
    guint old_floor = reader->floor, depth = reader->depth;
    if (!enter_entity(reader, at, entity))
        return FALSE;
    const char *text = arena_copy(&reader->tree->arena, entity->text, entity->length); /* nodes will point into it */
    if (!text)
        return fail_too_large(reader);
    reader->at = text;
    reader->end = text + entity->length;
    reader->place = old_place ? old_place : at;
    reader->floor = depth;
    if (!read_content(reader))
        return FALSE;
    if (reader->depth != depth)
        return fail(reader, at, "an entity leaves an element open");
    reader->at = old_at;
    reader->end = old_end;
    reader->place = old_place;
    reader->floor = old_floor;
    reader->nesting--;
    return TRUE;
}

/* Text with references in it: pieces of decoded text, and what entities hold. */
static gboolean read_references(XmlReader *reader, const char *at, const char *end)
{
    while (at < end) {
        gsize room = 2 * (gsize)(end - at) + XML_ENTITY_SIZE; /* a name of four letters may give six bytes */
        char *decoded = arena_alloc(&reader->tree->arena, room), *out = decoded;
        const XmlEntity *entity = NULL;
        const char *reference = NULL;
        if (!decoded)
            return fail_too_large(reader);
        while (at < end && !entity) {
            const char *ampersand = memchr(at, '&', (gsize)(end - at));
            gsize plain = (gsize)((ampersand ? ampersand : end) - at), size = 0, read;
            memcpy(out, at, plain);
            out += plain;
            at += plain;
            if (!ampersand)
                break;
            reference = at;
            if ((read = read_characters(at, end, out, &size)))
                out += size;
            else if (!(entity = find_entity(reader, at, end, &read)))
                return FALSE;
            at += read;
        }
        arena_trim(&reader->tree->arena, decoded, room, (gsize)(out - decoded));
        if (!add_text(reader, decoded, (gsize)(out - decoded)) || (entity && !expand_content(reader, reference, entity)))
            return FALSE;
    }
    return TRUE;
}

/* ---- Tags ---------------------------------------------------------------------------------------------------- */

static inline gboolean is_blank(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static inline gboolean ends_name(char byte)
{
    static const gboolean ends[256] = {['\0'] = 1, [' '] = 1, ['\n'] = 1, ['\t'] = 1, ['\r'] = 1, ['/'] = 1,
                                       ['>'] = 1,  ['='] = 1, ['<'] = 1,  ['"'] = 1,  ['\''] = 1, ['&'] = 1};
    return ends[(guchar)byte];
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

/* The end of the name at `at`; *local is what follows its prefix. */
static const char *name_end(const char *at, const char *end, const char **local)
{
    *local = at;
    for (; at < end && !ends_name(*at); at++)
        if (*at == ':')
            *local = at + 1;
    return at;
}

static gboolean append_value(XmlReader *reader, GString *value, const char *at, const char *end)
{
    while (at < end) {
        char out[XML_ENTITY_SIZE];
        gsize size = 0, read;
        if (*at != '&') {
            g_string_append_c(value, *at++);
            continue;
        }
        if ((read = read_characters(at, end, out, &size))) {
            g_string_append_len(value, out, (gssize)size);
            at += read;
            continue;
        }
        const XmlEntity *entity = find_entity(reader, at, end, &read);
        const char *old_place = reader->place;
        reader->place = old_place ? old_place : at;
        if (!entity || !enter_entity(reader, at, entity) ||
            !append_value(reader, value, entity->text, entity->text + entity->length))
            return FALSE;
        reader->nesting--;
        reader->place = old_place;
        at += read;
    }
    return TRUE;
}

static const char *attribute_value(XmlReader *reader, const char *at, const char *end)
{
    if (!memchr(at, '&', (gsize)(end - at)))
        return arena_copy(&reader->tree->arena, at, (gsize)(end - at));
    g_autoptr(GString) value = g_string_new(NULL);
    if (!append_value(reader, value, at, end))
        return NULL;
    return arena_copy(&reader->tree->arena, value->str, value->len);
}

static gboolean keep_attribute(XmlReader *reader, XmlName name, const char *value, const char *end, guint *count)
{
    for (guint i = 0; i < *count; i++)
        if (reader->attributes[i].name == name)
            return TRUE;
    if (name == XML_UNKNOWN || *count == XML_ATTRIBUTE_LIMIT)
        return TRUE;
    XmlAttribute *attribute = &reader->attributes[*count];
    attribute->name = name;
    attribute->value = attribute_value(reader, value, end);
    if (!attribute->value)
        return reader->failure->rule ? FALSE : fail_too_large(reader);
    ++*count;
    return TRUE;
}

/* Behind an element's name: its attributes, to the end of the tag. Sets *empty for "/>". */
static gboolean read_attributes(XmlReader *reader, guint *count, gboolean *empty)
{
    const char *tag = reader->at, *at = tag, *end = reader->end;
    for (;;) {
        const char *local, *name = skip_blanks(at, end);
        if (name >= end)
            return fail(reader, tag, "the tag does not end");
        if (*name == '>' || (*name == '/' && name + 1 < end && name[1] == '>')) {
            *empty = *name == '/';
            reader->at = name + 1 + *empty;
            return TRUE;
        }
        const char *behind = name_end(name, end, &local), *equals = skip_blanks(behind, end);
        const char *quote = equals < end && *equals == '=' ? skip_blanks(equals + 1, end) : end;
        if (behind == name || quote >= end || (*quote != '"' && *quote != '\''))
            return fail(reader, name, "a tag that is not well-formed");
        const char *close = memchr(quote + 1, *quote, (gsize)(end - quote - 1));
        if (!close || memchr(quote + 1, '<', (gsize)(close - quote - 1)))
            return fail(reader, quote, "the value of the attribute '%.*s' is not closed", (int)(behind - name), name);
        gboolean declares = behind - name > 5 && memcmp(name, "xmlns:", 6) == 0;
        if (!declares && !keep_attribute(reader, xml_name_find(local, (gsize)(behind - local)), quote + 1, close, count))
            return FALSE;
        at = close + 1;
    }
}

static void close_element(XmlReader *reader)
{
    reader->last = reader->open;
    reader->open = reader->open->parent;
    reader->depth--;
    reader->ended |= reader->depth == 0;
}

static gboolean read_start_tag(XmlReader *reader)
{
    const char *tag = reader->at, *local, *behind = name_end(tag + 1, reader->end, &local);
    guint attributes = 0;
    gboolean empty = FALSE;
    if (behind == tag + 1 || g_ascii_isdigit(tag[1]) || tag[1] == '-' || tag[1] == '.')
        return fail(reader, tag, "a '<' that begins no tag; it should be &lt;");
    if (reader->ended)
        return fail(reader, tag, "<%.*s> behind the end of the document's root", (int)(behind - tag - 1), tag + 1);
    if (reader->depth == XML_DEPTH_LIMIT)
        return fail(reader, tag, "elements nested more than %u deep", XML_DEPTH_LIMIT);
    reader->at = behind;
    if (behind < reader->end && *behind == '>')
        reader->at = behind + 1;
    else if (!read_attributes(reader, &attributes, &empty))
        return FALSE;
    XmlNode *node = add_node(reader, xml_name_find(local, (gsize)(behind - local)), tag + 1, (gsize)(behind - tag - 1), attributes);
    if (!node)
        return FALSE;
    if (!reader->tree->root)
        reader->tree->root = node;
    reader->open = node;
    reader->last = NULL;
    reader->depth++;
    if (empty)
        close_element(reader);
    return TRUE;
}

static gboolean read_end_tag(XmlReader *reader)
{
    const char *tag = reader->at, *name = tag + 2, *local, *behind;
    const XmlNode *open = reader->open;
    if (open && (gsize)(reader->end - name) > open->length && memcmp(name, open->text, open->length) == 0 && name[open->length] == '>')
        behind = name + open->length;
    else
        behind = name_end(name, reader->end, &local);
    const char *close = skip_blanks(behind, reader->end);
    if (close >= reader->end || *close != '>')
        return fail(reader, tag, "an end tag that is not well-formed");
    if (!open || reader->depth <= reader->floor)
        return fail(reader, tag, "</%.*s> closes nothing", (int)MIN(behind - name, 60), name);
    if ((gsize)(behind - name) != open->length || memcmp(name, open->text, open->length) != 0)
        return fail(reader, tag, "</%.*s> where <%.*s>, opened in line %u, should be closed", (int)MIN(behind - name, 60), name,
                    (int)MIN(open->length, 60), open->text, reader->place ? 0 : line_of(reader, open->text));
    close_element(reader);
    reader->at = close + 1;
    return TRUE;
}

/* ---- The rest ------------------------------------------------------------------------------------------------ */

static gboolean sees(const XmlReader *reader, const char *text)
{
    gsize length = strlen(text);
    return (gsize)(reader->end - reader->at) >= length && memcmp(reader->at, text, length) == 0;
}

/* What stands between `open`, which is at `at`, and `close`; steps behind it. NULL: it is not closed. */
static const char *enclosed(XmlReader *reader, const char *open, const char *close, gsize *length)
{
    const char *from = reader->at + strlen(open);
    const char *to = memmem(from, (gsize)(reader->end - from), close, strlen(close));
    if (!to) {
        fail(reader, reader->at, "%s without %s", open, close);
        return NULL;
    }
    *length = (gsize)(to - from);
    reader->at = to + strlen(close);
    return from;
}

static gboolean read_doctype(XmlReader *reader)
{
    const char *problem = NULL;
    if (reader->tree->root || reader->nesting)
        return fail(reader, reader->at, "a DOCTYPE inside of the document");
    const char *behind = xml_doctype_read(&reader->doctype, reader->at, reader->end, &problem);
    if (!behind)
        return fail(reader, reader->at, "%s", problem);
    reader->at = behind;
    return TRUE;
}

static gboolean read_markup(XmlReader *reader)
{
    gsize length;
    char second = reader->end - reader->at > 1 ? reader->at[1] : 0;
    if (second == '/')
        return read_end_tag(reader);
    if (second == '?')
        return enclosed(reader, "<?", "?>", &length) != NULL;
    if (second != '!')
        return read_start_tag(reader);
    if (sees(reader, "<!--"))
        return enclosed(reader, "<!--", "-->", &length) != NULL;
    if (sees(reader, "<!DOCTYPE"))
        return read_doctype(reader);
    if (!sees(reader, "<![CDATA[") || !reader->open)
        return fail(reader, reader->at, "a declaration that does not belong there");
    const char *text = enclosed(reader, "<![CDATA[", "]]>", &length);
    return text && add_text(reader, text, length);
}

static gboolean read_text(XmlReader *reader, const char *at, const char *end)
{
    if (!reader->open) {
        const char *first = skip_blanks(at, end);
        return first == end || fail(reader, first, reader->ended ? "text behind the end of the document's root"
                                                                 : "this is no XML: there is text before the first tag");
    }
    if (memchr(at, '&', (gsize)(end - at)))
        return read_references(reader, at, end);
    return add_text(reader, at, (gsize)(end - at));
}

static gboolean read_content(XmlReader *reader)
{
    while (reader->at < reader->end) {
        const char *at = reader->at, *less = memchr(at, '<', (gsize)(reader->end - at));
        const char *stop = less ? less : reader->end;
        reader->at = stop;
        if ((stop > at && !read_text(reader, at, stop)) || (less && !read_markup(reader)))
            return FALSE;
    }
    return TRUE;
}

static gboolean read_document(XmlReader *reader)
{
    if (!read_content(reader))
        return FALSE;
    const XmlNode *open = reader->open;
    if (open)
        return fail(reader, reader->stop, "the document ends inside of <%.*s>, opened in line %u", (int)MIN(open->length, 60), open->text,
                    line_of(reader, open->text));
    return reader->tree->root || fail(reader, reader->stop, "there is no element");
}

/* ---- Life ---------------------------------------------------------------------------------------------------- */

static void tree_destroy(gpointer tree)
{
    arena_clear(&((XmlTree *)tree)->arena);
    g_free(((XmlTree *)tree)->converted);
    g_free(tree);
}

/* A tree that was freed waits, empty, for the thread's next document, so that its memory need not be mapped again. */
static GPrivate spare_tree = G_PRIVATE_INIT(tree_destroy);

static XmlTree *tree_new(void)
{
    XmlTree *tree = g_private_get(&spare_tree);
    if (tree) {
        g_private_set(&spare_tree, NULL);
        return tree;
    }
    tree = g_new0(XmlTree, 1);
    arena_init(&tree->arena, XML_TREE_LIMIT);
    return tree;
}

void xml_tree_free(XmlTree *tree)
{
    if (!tree)
        return;
    g_clear_pointer(&tree->converted, g_free);
    tree->root = NULL;
    if (g_private_get(&spare_tree)) {
        tree_destroy(tree);
        return;
    }
    arena_reset(&tree->arena);
    g_private_set(&spare_tree, tree);
}

XmlTree *xml_tree_parse(const char *bytes, gsize length, ParseFailure *failure)
{
    const char *text;
    gsize text_length;
    if (length > RECORD_LIMIT) {
        parse_failure_set(failure, RULE_TOO_LARGE, "%" G_GSIZE_FORMAT " bytes of XML; a record may have %" G_GSIZE_FORMAT, length, RECORD_LIMIT);
        return NULL;
    }
    g_autoptr(XmlTree) tree = tree_new();
    if (!xml_encoding_decode(bytes, length, &text, &text_length, &tree->converted, failure))
        return NULL;
    XmlReader *reader = g_new(XmlReader, 1);
    memset(reader, 0, offsetof(XmlReader, attributes));
    reader->at = reader->start = text;
    reader->end = reader->stop = text + text_length;
    reader->tree = tree;
    reader->failure = failure;
    gboolean good = read_document(reader);
    xml_doctype_clear(&reader->doctype);
    g_free(reader);
    return good ? g_steal_pointer(&tree) : NULL;
}
