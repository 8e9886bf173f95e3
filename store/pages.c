/* SPDX-License-Identifier: Apache-2.0
 * The file format of LMDB, read with suspicion; see store/pages.h. */
#include "store/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/store.h"

#define META_MAGIC 0xBEEFC0DEu
#define META_VERSION 1
#define META_COUNT 2
#define NO_PAGE G_MAXUINT64
#define MAP_LIMIT ((guint64)1 << 47)
#define DEPTH_LIMIT 32 /* LMDB's own */
#define KEY_SIZE_LIMIT 511
#define PAGE_SIZE_LEAST 512
#define PAGE_SIZE_MOST 65536
#define FAULT_LIMIT 1000 /* told, of one file */

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_OVERFLOW = 4, PAGE_META = 8 };
enum { NODE_BIG = 1, NODE_TABLE = 2 };
enum { TREE_INTEGER_KEYS = 8, TREE_ONE_FILE = 0x4000 }; /* the latter is how the store was made: MDB_NOSUBDIR */

/* ---- On disk ---------------------------------------------------------------------------------------------------- */

typedef struct PageHeader {
    guint64 number;
    guint16 padding;
    guint16 flags;
    union {
        struct {
            guint16 lower, upper; /* the room between the array of offsets and the nodes */
        };
        guint32 pages; /* of an overflow page: its whole chain */
    };
} PageHeader;

typedef struct NodeHeader {
    guint16 low, high; /* of the value's length, or of the child's number */
    guint16 flags;     /* of the child's number: the bits above */
    guint16 key_length;
} NodeHeader;

typedef struct Tree {
    guint32 padding; /* of the tree of free pages: the size of pages */
    guint16 flags;
    guint16 depth;
    guint64 branch_pages, leaf_pages, overflow_pages, entries;
    guint64 root;
} Tree;

typedef struct Meta {
    guint32 magic, version;
    guint64 address, map_size;
    Tree trees[2]; /* of free pages; of the tables' names */
    guint64 last_page, transaction;
} Meta;

G_STATIC_ASSERT(sizeof(PageHeader) == 16 && sizeof(NodeHeader) == 8 && sizeof(Tree) == 48 && sizeof(Meta) == 136);

/* ---- The check -------------------------------------------------------------------------------------------------- */

typedef struct Checker {
    int file;
    guint page_size;
    Meta meta; /* the newer one */
    Progress *progress;
    GPtrArray *faults; /* where and what, in turn */
    guint8 *used, *freed; /* a bit a page */
} Checker;

typedef struct Key {
    guint16 length;
    guint8 bytes[KEY_SIZE_LIMIT];
} Key;

typedef void (*LeafVisit)(Checker *checker, const char *name, const NodeHeader *node, const guint8 *key, const guint8 *value, gsize length);

/* The walk over one tree: what was counted, and the last key that was seen. */
typedef struct Walk {
    Checker *checker;
    const char *name; /* for people: "table documents" */
    const Tree *tree;
    guint16 value_flags; /* of nodes, besides NODE_BIG */
    LeafVisit visit;     /* may be NULL */
    Tree counted;
    Key last;
    gboolean begun; /* `last` is a key */
} Walk;

static void G_GNUC_PRINTF(4, 5) add_fault(Checker *checker, const char *name, guint64 page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *what = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *where = page == NO_PAGE ? g_strdup(name) : g_strdup_printf("%s, page %" G_GUINT64_FORMAT, name, page);
    if (checker->faults->len >= 2 * FAULT_LIMIT)
        return;
    g_ptr_array_add(checker->faults, g_steal_pointer(&where));
    g_ptr_array_add(checker->faults, g_steal_pointer(&what));
}

static gboolean read_at(Checker *checker, const char *name, guint64 page, void *buffer, gsize length)
{
    ssize_t got;
    do
        got = pread(checker->file, buffer, length, (off_t)(page * checker->page_size));
    while (got < 0 && errno == EINTR);
    if (got == (ssize_t)length)
        return TRUE;
    add_fault(checker, name, page, "cannot be read: %s", got < 0 ? g_strerror(errno) : "the file ends before it");
    return FALSE;
}

static gboolean test_bit(const guint8 *bits, guint64 index)
{
    return bits[index / 8] >> index % 8 & 1;
}

static gboolean is_inside(Walk *walk, guint64 page, guint64 count)
{
    const guint64 last = walk->checker->meta.last_page;
    if (page >= META_COUNT && page <= last && count <= last - page + 1)
        return TRUE;
    add_fault(walk->checker, walk->name, page, "lies outside the file's %" G_GUINT64_FORMAT " pages", last + 1);
    return FALSE;
}

/* Takes `count` pages from `page` on as used. */
static gboolean claim(Walk *walk, guint64 page, guint64 count)
{
    Checker *checker = walk->checker;
    if (!is_inside(walk, page, count))
        return FALSE;
    for (guint64 at = page; at < page + count; at++) {
        if (test_bit(checker->used, at)) {
            add_fault(checker, walk->name, at, "is used twice");
            return FALSE;
        }
        checker->used[at / 8] |= (guint8)(1 << at % 8);
    }
    progress_add(checker->progress, count);
    return TRUE;
}

/* ---- Keys ------------------------------------------------------------------------------------------------------- */

static int compare_keys(const Walk *walk, const guint8 *a, gsize a_length, const guint8 *b, gsize b_length)
{
    if (walk->tree->flags & TREE_INTEGER_KEYS) {
        guint64 left, right;
        memcpy(&left, a, sizeof left);
        memcpy(&right, b, sizeof right);
        return left < right ? -1 : left > right;
    }
    int order = memcmp(a, b, MIN(a_length, b_length));
    return order ? order : a_length < b_length ? -1 : a_length > b_length;
}

static gboolean key_follows(const Walk *walk, const guint8 *key, gsize length)
{
    return !walk->begun || compare_keys(walk, walk->last.bytes, walk->last.length, key, length) < 0;
}

static gboolean key_is_sound(const Walk *walk, gsize length)
{
    if (walk->tree->flags & TREE_INTEGER_KEYS)
        return length == sizeof(guint64);
    return length >= 1 && length <= KEY_SIZE_LIMIT;
}

/* ---- Pages ------------------------------------------------------------------------------------------------------ */

static NodeHeader node_at(const guint8 *page, guint index, const guint8 **key)
{
    guint16 offset;
    NodeHeader node;
    memcpy(&offset, page + sizeof(PageHeader) + index * sizeof offset, sizeof offset);
    memcpy(&node, page + offset, sizeof node);
    *key = page + offset + sizeof node;
    return node;
}

static guint64 node_child(const NodeHeader *node)
{
    return node->low | (guint64)node->high << 16 | (guint64)node->flags << 32;
}

static gsize node_length(const NodeHeader *node)
{
    return node->low | (gsize)node->high << 16;
}

/* Bytes of a node in its page; LMDB makes them even. */
static gsize node_size(const NodeHeader *node, gboolean leaf)
{
    gsize value = !leaf ? 0 : node->flags & NODE_BIG ? sizeof(guint64) : node_length(node);
    gsize size = sizeof *node + node->key_length + value;
    return size + (size & 1);
}

/* The nodes lie behind one another up to the end of the page, each within it. Their order is theirs. */
static gboolean nodes_tile(const Checker *checker, const guint8 *page, const PageHeader *header, guint count)
{
    gboolean leaf = header->flags == PAGE_LEAF;
    gsize total = 0;
    for (guint i = 0; i < count; i++) {
        guint16 offset;
        const guint8 *key;
        memcpy(&offset, page + sizeof *header + i * sizeof offset, sizeof offset);
        if (offset < header->upper || offset % 2 || offset + sizeof(NodeHeader) > checker->page_size)
            return FALSE;
        NodeHeader node = node_at(page, i, &key);
        gsize size = node_size(&node, leaf);
        if (offset + size > checker->page_size)
            return FALSE;
        total += size;
    }
    return total == checker->page_size - header->upper;
}

/* Reads a page of a tree; sets the number of its nodes. */
static gboolean read_page(Walk *walk, guint64 number, guint8 *page, guint *count)
{
    Checker *checker = walk->checker;
    PageHeader header;
    if (!claim(walk, number, 1) || !read_at(checker, walk->name, number, page, checker->page_size))
        return FALSE;
    memcpy(&header, page, sizeof header);
    const char *what = NULL;
    if (header.number != number)
        what = "bears another page's number";
    else if (header.flags != PAGE_BRANCH && header.flags != PAGE_LEAF)
        what = "is no page of a tree";
    else if (header.lower < sizeof header + 2 || header.lower % 2 || header.lower > header.upper || header.upper > checker->page_size)
        what = "has impossible bounds";
    *count = what ? 0 : (header.lower - (guint)sizeof header) / 2;
    if (!what && (header.flags == PAGE_BRANCH && *count < 2))
        what = "leads to one page only";
    if (!what && !nodes_tile(checker, page, &header, *count))
        what = "has nodes that do not fill it";
    if (what)
        add_fault(checker, walk->name, number, "%s", what);
    return what == NULL;
}

static gsize overflow_pages(const Checker *checker, gsize length)
{
    return (sizeof(PageHeader) - 1 + length) / checker->page_size + 1;
}

/* A value that lies in pages of its own; reads their header and, with `value`, all of it. A value that was replaced by a
 * shorter one keeps its pages. */
static gboolean check_overflow(Walk *walk, guint64 number, gsize length, guint8 **value)
{
    Checker *checker = walk->checker;
    PageHeader header;
    gsize least = overflow_pages(checker, length);
    if (!is_inside(walk, number, least) || !read_at(checker, walk->name, number, &header, sizeof header))
        return FALSE;
    if (header.number != number || header.flags != PAGE_OVERFLOW || header.pages < least) {
        add_fault(checker, walk->name, number, "is not the beginning of a value of %" G_GSIZE_FORMAT " pages", least);
        return FALSE;
    }
    if (!claim(walk, number, header.pages))
        return FALSE;
    walk->counted.overflow_pages += header.pages;
    if (!value)
        return TRUE;
    *value = g_malloc(sizeof header + length);
    return read_at(checker, walk->name, number, *value, sizeof header + length);
}

static void check_leaf_node(Walk *walk, guint64 number, const NodeHeader *node, const guint8 *key)
{
    const guint8 *value = key + node->key_length;
    g_autofree guint8 *large = NULL;
    gsize length = node_length(node);
    if ((node->flags & ~NODE_BIG) != walk->value_flags) {
        add_fault(walk->checker, walk->name, number, "has a node of an unknown kind");
        return;
    }
    walk->counted.entries++;
    if (node->flags & NODE_BIG) {
        guint64 first;
        memcpy(&first, value, sizeof first);
        if (!check_overflow(walk, first, length, walk->visit ? &large : NULL))
            return;
        value = large ? large + sizeof(PageHeader) : NULL;
    }
    if (walk->visit)
        walk->visit(walk->checker, walk->name, node, key, value, length);
}

static void check_leaf(Walk *walk, guint64 number, const guint8 *page, guint count)
{
    walk->counted.leaf_pages++;
    for (guint i = 0; i < count; i++) {
        const guint8 *key;
        NodeHeader node = node_at(page, i, &key);
        if (!key_is_sound(walk, node.key_length) || !key_follows(walk, key, node.key_length)) {
            add_fault(walk->checker, walk->name, number, "has keys that are out of order");
            return;
        }
        walk->begun = TRUE;
        walk->last.length = node.key_length;
        memcpy(walk->last.bytes, key, node.key_length);
        check_leaf_node(walk, number, &node, key);
    }
}

static void check_page(Walk *walk, guint64 number, guint depth, const Key *from);

/* The key of a child is above all keys before it, and not above any in it. */
static void check_branch(Walk *walk, guint64 number, const guint8 *page, guint count, guint depth, const Key *from)
{
    g_autofree Key *least = g_new(Key, 1);
    walk->counted.branch_pages++;
    for (guint i = 0; i < count; i++) {
        const guint8 *key;
        NodeHeader node = node_at(page, i, &key);
        if (i > 0 && (!key_is_sound(walk, node.key_length) || !key_follows(walk, key, node.key_length))) {
            add_fault(walk->checker, walk->name, number, "has keys that are out of order");
            return;
        }
        if (i > 0) {
            least->length = node.key_length;
            memcpy(least->bytes, key, node.key_length);
        }
        check_page(walk, node_child(&node), depth + 1, i > 0 ? least : from);
    }
}

/* `from`: the least key that may be below, or NULL. */
static void check_page(Walk *walk, guint64 number, guint depth, const Key *from)
{
    Checker *checker = walk->checker;
    g_autofree guint8 *page = g_malloc(checker->page_size);
    PageHeader header;
    guint count;
    if (!read_page(walk, number, page, &count))
        return;
    memcpy(&header, page, sizeof header);
    gboolean leaf = header.flags == PAGE_LEAF;
    if (leaf != (depth == walk->tree->depth)) {
        add_fault(checker, walk->name, number, "lies at another depth than it should");
        return;
    }
    if (leaf && from) {
        const guint8 *key;
        NodeHeader node = node_at(page, 0, &key);
        if (!key_is_sound(walk, node.key_length) || compare_keys(walk, from->bytes, from->length, key, node.key_length) > 0) {
            add_fault(checker, walk->name, number, "has keys that belong before it");
            return;
        }
    }
    if (leaf)
        check_leaf(walk, number, page, count);
    else
        check_branch(walk, number, page, count, depth, from);
}

/* ---- Trees ------------------------------------------------------------------------------------------------------ */

static void compare_counts(const Walk *walk)
{
    const Tree *kept = walk->tree, *counted = &walk->counted;
    if (counted->entries != kept->entries || counted->branch_pages != kept->branch_pages || counted->leaf_pages != kept->leaf_pages ||
        counted->overflow_pages != kept->overflow_pages)
        add_fault(walk->checker, walk->name, NO_PAGE,
                  "has %" G_GUINT64_FORMAT " records on %" G_GUINT64_FORMAT " pages, but its head says %" G_GUINT64_FORMAT
                  " on %" G_GUINT64_FORMAT,
                  counted->entries, counted->branch_pages + counted->leaf_pages + counted->overflow_pages, kept->entries,
                  kept->branch_pages + kept->leaf_pages + kept->overflow_pages);
}

static void check_tree(Checker *checker, const char *name, const Tree *tree, guint16 value_flags, LeafVisit visit)
{
    g_autofree Walk *walk = g_new0(Walk, 1);
    *walk = (Walk){.checker = checker, .name = name, .tree = tree, .value_flags = value_flags, .visit = visit};
    guint before = checker->faults->len;
    gboolean empty = tree->root == NO_PAGE;
    if (tree->depth > DEPTH_LIMIT || (tree->depth == 0) != empty) {
        add_fault(checker, name, NO_PAGE, "has an impossible depth of %u", tree->depth);
        return;
    }
    if (!empty)
        check_page(walk, tree->root, 1, NULL);
    if (checker->faults->len == before)
        compare_counts(walk);
}

/* A record of the tree of free pages: a transaction, and the pages that it freed, falling. */
static void visit_free(Checker *checker, const char *name, const NodeHeader *node, const guint8 *key, const guint8 *value, gsize length)
{
    guint64 count, page, before = NO_PAGE, transaction;
    memcpy(&transaction, key, sizeof transaction);
    if (length >= sizeof count)
        memcpy(&count, value, sizeof count);
    if (length < sizeof count || length % sizeof count || count > length / sizeof count - 1 || transaction > checker->meta.transaction) {
        add_fault(checker, name, NO_PAGE, "has a list of an impossible length or transaction");
        return;
    }
    for (guint64 i = 1; i <= count; i++, before = page) {
        memcpy(&page, value + i * sizeof page, sizeof page);
        if (page < META_COUNT || page > checker->meta.last_page || page >= before || test_bit(checker->freed, page)) {
            add_fault(checker, name, page, "stands where it cannot in the list of free pages");
            return;
        }
        checker->freed[page / 8] |= (guint8)(1 << page % 8);
    }
}

static gboolean is_table_name(const guint8 *key, gsize length)
{
    for (int table = 0; table < TABLE_COUNT; table++)
        if (strlen(store_table_name(table)) == length && memcmp(store_table_name(table), key, length) == 0)
            return TRUE;
    return FALSE;
}

/* A record of the main tree: a table's name and the head of its tree. */
static void visit_table(Checker *checker, const char *name, const NodeHeader *node, const guint8 *key, const guint8 *value, gsize length)
{
    Tree tree;
    if (length != sizeof tree || !is_table_name(key, node->key_length)) {
        g_autofree char *escaped = g_strndup((const char *)key, node->key_length);
        g_autofree char *shown = g_strescape(escaped, NULL);
        add_fault(checker, name, NO_PAGE, "there is no table \"%s\" in a store of this version", shown);
        return;
    }
    memcpy(&tree, value, sizeof tree);
    g_autofree char *table = g_strdup_printf("table %.*s", (int)node->key_length, (const char *)key);
    if (tree.flags != 0 || tree.padding != 0)
        add_fault(checker, table, NO_PAGE, "its head has unknown flags");
    else
        check_tree(checker, table, &tree, 0, NULL);
}

/* ---- Every page once -------------------------------------------------------------------------------------------- */

static void check_accounts(Checker *checker)
{
    guint64 lost = 0, first = 0;
    for (guint64 page = META_COUNT; page <= checker->meta.last_page; page++) {
        gboolean used = test_bit(checker->used, page), freed = test_bit(checker->freed, page);
        if (used && freed) {
            add_fault(checker, "the list of free pages", page, "is in use; the next build would overwrite it");
            return;
        }
        if (!used && !freed && lost++ == 0)
            first = page;
    }
    if (lost)
        add_fault(checker, "the list of free pages", first, "is neither used nor free, and %" G_GUINT64_FORMAT " more", lost - 1);
}

/* ---- Meta pages ------------------------------------------------------------------------------------------------- */

static gboolean is_page_size(guint64 size)
{
    return size >= PAGE_SIZE_LEAST && size <= PAGE_SIZE_MOST && (size & (size - 1)) == 0;
}

static gboolean read_meta(Checker *checker, guint64 number, Meta *meta)
{
    guint8 bytes[sizeof(PageHeader) + sizeof(Meta)];
    PageHeader header;
    if (!read_at(checker, "meta", number, bytes, sizeof bytes))
        return FALSE;
    memcpy(&header, bytes, sizeof header);
    memcpy(meta, bytes + sizeof header, sizeof *meta);
    const char *what = NULL;
    if (header.number != number || header.flags != PAGE_META || meta->magic != META_MAGIC)
        what = "is no meta page of LMDB";
    else if (meta->version != META_VERSION)
        what = "is of another version of LMDB";
    else if (!is_page_size(meta->trees[0].padding) || (number > 0 && meta->trees[0].padding != checker->page_size))
        what = "has an impossible size of pages";
    else if (meta->address != 0 || meta->trees[0].flags != (TREE_INTEGER_KEYS | TREE_ONE_FILE) ||
             meta->trees[1].flags != 0 || meta->trees[1].padding != 0)
        what = "has unknown flags";
    else if (meta->transaction % META_COUNT != number)
        what = "bears the number of a transaction that belongs to the other one";
    if (what)
        add_fault(checker, "meta", number, "%s", what);
    return what == NULL;
}

/* Sets checker->meta to the newer one. LMDB writes them in turn. */
static gboolean read_metas(Checker *checker)
{
    Meta metas[META_COUNT];
    checker->page_size = PAGE_SIZE_LEAST; /* of no meaning for page 0 */
    if (!read_meta(checker, 0, &metas[0]))
        return FALSE;
    checker->page_size = metas[0].trees[0].padding;
    if (!read_meta(checker, 1, &metas[1]))
        return FALSE;
    guint newer = metas[1].transaction > metas[0].transaction;
    checker->meta = metas[newer];
    const char *what = NULL;
    if (metas[newer].transaction - metas[!newer].transaction != 1)
        what = "does not follow the transaction of the other one";
    else if (checker->meta.map_size > MAP_LIMIT || checker->meta.last_page < META_COUNT - 1 ||
             checker->meta.last_page >= checker->meta.map_size / checker->page_size)
        what = "has an impossible size of the map";
    if (what)
        add_fault(checker, "meta", newer, "%s", what);
    return what == NULL;
}

/* ---- All of it -------------------------------------------------------------------------------------------------- */

/* The map of pages is as large as the file makes it, never as a damaged number says. */
static gboolean fits_file(Checker *checker)
{
    struct stat status;
    if (fstat(checker->file, &status) == 0 && checker->meta.last_page < (guint64)status.st_size / checker->page_size)
        return TRUE;
    add_fault(checker, "the file", NO_PAGE, "should have %" G_GUINT64_FORMAT " pages and has %" G_GUINT64_FORMAT "; it was cut off",
              checker->meta.last_page + 1, (guint64)status.st_size / checker->page_size);
    return FALSE;
}

static void check_all(Checker *checker)
{
    gsize bytes = checker->meta.last_page / 8 + 1;
    checker->used = g_malloc0(bytes);
    checker->freed = g_malloc0(bytes);
    progress_begin(checker->progress, "audit pages", "pages", checker->meta.last_page + 1);
    check_tree(checker, "the list of free pages", &checker->meta.trees[0], 0, visit_free);
    check_tree(checker, "the list of tables", &checker->meta.trees[1], NODE_TABLE, visit_table);
    if (checker->faults->len == 0)
        check_accounts(checker);
    progress_end(checker->progress);
    g_free(checker->used);
    g_free(checker->freed);
}

/* Whether a writer has finished a transaction since: pages may have been used anew under our eyes. */
static gboolean is_rewritten(const Checker *checker)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
    Checker again = {.file = checker->file, .faults = faults};
    return read_metas(&again) && again.meta.transaction != checker->meta.transaction;
}

gboolean pages_check(const char *path, Progress *progress, PageFault fault, gpointer user, GError **error)
{
    g_autoptr(GPtrArray) faults = g_ptr_array_new_with_free_func(g_free);
    Checker checker = {.progress = progress, .faults = faults};
    checker.file = open(path, O_RDONLY | O_CLOEXEC);
    if (checker.file < 0) {
        galen_error_set_errno(error, errno, "cannot open %s", path);
        return FALSE;
    }
    gboolean rewritten = FALSE;
    if (read_metas(&checker) && fits_file(&checker)) {
        check_all(&checker);
        rewritten = is_rewritten(&checker);
    }
    close(checker.file);
    for (guint i = 0; !rewritten && i < faults->len; i += 2)
        fault(user, faults->pdata[i], faults->pdata[i + 1]);
    if (rewritten)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "%s was written to while it was checked; wait for the build to end", path);
    return !rewritten;
}
