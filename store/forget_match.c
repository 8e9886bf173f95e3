/* SPDX-License-Identifier: Apache-2.0
 * From what a person says to the documents that are meant; see store/forget_match.h. */
#include "store/forget_match.h"

#include <string.h>

#include "base/error.h"
#include "store/chapters.h"
#include "store/identity.h"

#define NUMBER_MARK "\001"

/* A word of the criteria, and what it has matched. */
typedef struct Word {
    const char *text;
    char *source; /* of the first document that it matched */
    gboolean several; /* sources: it must be said which */
} Word;

typedef struct Match {
    const ForgetCriteria *criteria;
    GHashTable *ids, *urls, *dois; /* text -> Word, owned */
    GPtrArray *patterns; /* of GPatternSpec */
    GHashTable *names;   /* key, 16 bytes -> what matched, interned */
} Match;

static void word_free(gpointer data)
{
    Word *word = data;
    g_free(word->source);
    g_free(word);
}

static void add_word(GHashTable *words, const char *key, const char *text)
{
    Word *word = g_new0(Word, 1);
    word->text = text;
    g_hash_table_replace(words, g_strdup(key), word);
}

static GHashTable *words_new(char **texts)
{
    GHashTable *words = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, word_free);
    for (char **text = texts; text && *text; text++)
        add_word(words, *text, *text);
    return words;
}

static gboolean is_number(const char *text)
{
    return *text && strlen(text) < 19 && strspn(text, "0123456789") == strlen(text);
}

/* A number that a document has means that one alone, whatever has it as its id: it is listed behind a mark that no id has. */
static void read_ids(Match *match, StoreTxn *txn)
{
    for (char **text = match->criteria->ids; text && *text; text++) {
        guint8 key[8];
        StoreValue value;
        docno_write(is_number(*text) ? g_ascii_strtoull(*text, NULL, 10) : DOCNO_NONE, key);
        gboolean number = store_get_unchecked(txn, TABLE_DOCUMENTS, key, sizeof key, &value, NULL);
        g_autofree char *listed = g_strconcat(number ? NUMBER_MARK : "", *text, NULL);
        add_word(match->ids, listed, *text);
    }
}

/* FALSE: a text is no DOI. */
static gboolean read_dois(Match *match, GError **error)
{
    for (char **text = match->criteria->dois; text && *text; text++) {
        g_autofree char *doi = identifier_normalise(SCHEME_DOI, *text);
        if (!doi) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "'%s' is no DOI; one begins with \"10.\" and has a slash", *text);
            return FALSE;
        }
        add_word(match->dois, doi, *text);
    }
    return TRUE;
}

/* ---- One document ---------------------------------------------------------------------------------------------- */

static guint hash_name(gconstpointer key)
{
    guint32 part;
    memcpy(&part, key, sizeof part);
    return part;
}

static gboolean equal_names(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, DOCUMENT_KEY_SIZE) == 0;
}

static gboolean take_word(GHashTable *words, const char *text, const char *source)
{
    Word *word = text ? g_hash_table_lookup(words, text) : NULL;
    if (!word)
        return FALSE;
    if (!word->source)
        word->source = g_strdup(source);
    word->several |= strcmp(word->source, source) != 0;
    return TRUE;
}

static gboolean matches_id(Match *match, Docno docno, const Document *document)
{
    char number[24];
    g_snprintf(number, sizeof number, NUMBER_MARK "%" G_GUINT64_FORMAT, docno);
    g_autofree char *full = g_strconcat(document->source, "/", document->id, NULL);
    gboolean by_number = take_word(match->ids, number, document->source), by_name = take_word(match->ids, full, document->source);
    return take_word(match->ids, document->id, document->source) || by_number || by_name;
}

static gboolean matches_doi(Match *match, const Document *document)
{
    g_auto(Identity) identity = {0};
    gboolean found = FALSE;
    if (g_hash_table_size(match->dois) == 0)
        return FALSE;
    identity_read(&identity, document);
    for (unsigned i = 0; i < identity.count; i++)
        found |= identity.identifiers[i].scheme == SCHEME_DOI && take_word(match->dois, identity.identifiers[i].text, document->source);
    return found;
}

static gboolean matches_pattern(const Match *match, const Document *document)
{
    for (guint i = 0; i < match->patterns->len; i++)
        if (g_pattern_spec_match_string(match->patterns->pdata[i], document->id) ||
            (document->url && g_pattern_spec_match_string(match->patterns->pdata[i], document->url)))
            return TRUE;
    return FALSE;
}

/* What of the criteria names it, in words that do not; NULL: nothing. */
static const char *what_matches(Match *match, Docno docno, const Document *document)
{
    if (matches_id(match, docno, document))
        return "id";
    if (take_word(match->urls, document->url, document->source))
        return "url";
    if (matches_doi(match, document))
        return "doi";
    if (matches_pattern(match, document))
        return "pattern";
    if (!match->criteria->sources || !g_strv_contains((const char *const *)match->criteria->sources, document->source))
        return NULL;
    g_autofree char *matched = g_strconcat("source ", document->source, NULL);
    return g_intern_string(matched);
}

/* ---- Walks ----------------------------------------------------------------------------------------------------- */

static gboolean is_named(const Document *document, guint8 key[DOCUMENT_KEY_SIZE])
{
    if (!document->source || !document->id)
        return FALSE;
    document_key(document->source, document->id, key);
    return TRUE;
}

typedef void (*Visit)(Match *match, Docno docno, const Document *document, gpointer user);

/* Each document that has a name and is no stub. */
static gboolean walk(Match *match, StoreTxn *txn, Visit visit, gpointer user, GError **error)
{
    g_autoptr(StoreCursor) cursor = store_cursor_new(txn, TABLE_DOCUMENTS, NULL, 0, error);
    StoreValue key, value;
    guint8 stub[DOCUMENT_KEY_SIZE];
    int more = -1;
    while (cursor && (more = store_cursor_next(cursor, &key, &value, error)) > 0) {
        g_auto(Document) document = {0};
        if (!document_thaw(&value, FALSE, &document, error))
            return FALSE;
        if (!tombstone_stub_key(&document, stub))
            visit(match, docno_read(key.data), &document, user);
    }
    return more == 0;
}

static void note_name(Match *match, Docno docno, const Document *document, gpointer unused)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    const char *matched = is_named(document, key) ? what_matches(match, docno, document) : NULL;
    if (matched && !g_hash_table_contains(match->names, key))
        g_hash_table_insert(match->names, g_memdup2(key, sizeof key), (gpointer)matched);
}

static void take_document(Match *match, Docno docno, const Document *document, gpointer items)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    const char *matched = is_named(document, key) ? g_hash_table_lookup(match->names, key) : NULL;
    ForgetItem item = {docno, matched};
    if (matched)
        g_array_append_val((GArray *)items, item);
}

static gboolean name_chapter(Match *match, StoreTxn *txn, const Chapter *chapter, gboolean *more, GError **error)
{
    g_auto(Document) document = {0};
    guint8 key[DOCUMENT_KEY_SIZE];
    if (chapter->docno == DOCNO_NONE || chapter->missing)
        return TRUE;
    if (!document_get_facts(txn, chapter->docno, &document, error))
        return FALSE;
    if (is_named(&document, key) && !g_hash_table_contains(match->names, key)) {
        g_hash_table_insert(match->names, g_memdup2(key, sizeof key), (gpointer) "chapter");
        *more = TRUE;
    }
    return TRUE;
}

/* The pages whose texts are part of a document that is meant. */
static gboolean name_chapters(Match *match, StoreTxn *txn, const GArray *items, gboolean *more, GError **error)
{
    *more = FALSE;
    for (guint i = 0; i < items->len; i++) {
        GError *failure = NULL;
        g_autoptr(GPtrArray) chapters = chapters_get(txn, g_array_index(items, ForgetItem, i).docno, &failure);
        for (guint c = 0; chapters && c < chapters->len && !failure; c++)
            name_chapter(match, txn, chapters->pdata[c], more, &failure);
        if (failure) {
            g_propagate_error(error, failure);
            return FALSE;
        }
    }
    return TRUE;
}

/* All documents of the names, and of the names of their chapters, which have none themselves. */
static gboolean take_documents(Match *match, StoreTxn *txn, GArray *items, GError **error)
{
    gboolean more;
    if (!walk(match, txn, take_document, items, error) || !name_chapters(match, txn, items, &more, error))
        return FALSE;
    if (!more)
        return TRUE;
    g_array_set_size(items, 0);
    return walk(match, txn, take_document, items, error);
}

/* ---- What nothing has ------------------------------------------------------------------------------------------ */

/* The tags of the store's sources. */
static GPtrArray *read_tags(StoreTxn *txn, GError **error)
{
    g_autofree char *text = store_get_meta(txn, "sources", error);
    g_autoptr(json_t) sources = text ? json_parse(text, strlen(text), "the store's record \"sources\"", error) : NULL;
    g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < json_array_size(sources); i++)
        g_ptr_array_add(tags, g_strdup(json_get_string(json_array_get(sources, i), "tag")));
    g_ptr_array_add(tags, NULL);
    return error && *error ? NULL : g_steal_pointer(&tags);
}

static gboolean has_tombstone(StoreTxn *txn, const char *source, const char *id)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    StoreValue value;
    document_key(source, id, key);
    return store_get_unchecked(txn, TABLE_TOMBSTONES, key, sizeof key, &value, NULL);
}

/* Whether an id, said in any way, is that of something that was forgotten. */
static gboolean was_forgotten(StoreTxn *txn, const char *text, const GPtrArray *tags)
{
    guint8 key[DOCUMENT_KEY_SIZE];
    for (guint i = 0; i + 1 < tags->len; i++) {
        gsize length = strlen(tags->pdata[i]);
        gboolean prefixed = strncmp(text, tags->pdata[i], length) == 0 && text[length] == '/';
        if (has_tombstone(txn, tags->pdata[i], text) || (prefixed && has_tombstone(txn, tags->pdata[i], text + length + 1)))
            return TRUE;
    }
    g_auto(Document) stub = {0};
    return is_number(text) && document_get_facts(txn, g_ascii_strtoull(text, NULL, 10), &stub, NULL) && tombstone_stub_key(&stub, key);
}

static gboolean set_unknown(GError **error, const char *what, const char *text)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "no document with the %s '%s' in this store; 'galen list STORE' lists them all", what, text);
    return FALSE;
}

/* While a forgetting is under way, whatever is not there may be what it was about: its addresses and DOIs are known no more. */
static gboolean check_words(StoreTxn *txn, GHashTable *words, const char *what, const GPtrArray *tags, guint *already, GError **error)
{
    g_auto(Forgetting) forgetting = {0};
    if (!forgetting_load(txn, &forgetting, error))
        return FALSE;
    GHashTableIter iterator;
    gpointer value;
    g_hash_table_iter_init(&iterator, words);
    while (g_hash_table_iter_next(&iterator, NULL, &value)) {
        const Word *word = value;
        if (word->several && strcmp(what, "id") == 0) {
            g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "'%s' is in several sources; say which, as SOURCE/%s", word->text, word->text);
            return FALSE;
        }
        if (word->source)
            continue;
        if (!forgetting.pending && !was_forgotten(txn, word->text, tags))
            return set_unknown(error, what, word->text);
        (*already)++;
    }
    return TRUE;
}

static gboolean check_sources(const ForgetCriteria *criteria, const GPtrArray *tags, GError **error)
{
    for (char **source = criteria->sources; source && *source; source++) {
        if (g_strv_contains((const char *const *)tags->pdata, *source))
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the store has no source '%s'; 'galen status STORE' lists them", *source);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_all(const Match *match, StoreTxn *txn, const GPtrArray *tags, guint *already, GError **error)
{
    *already = 0;
    return check_words(txn, match->ids, "id", tags, already, error) && check_words(txn, match->urls, "address", tags, already, error) &&
           check_words(txn, match->dois, "DOI", tags, already, error);
}

/* ---- The whole ------------------------------------------------------------------------------------------------- */

static void clear(Match *match)
{
    g_hash_table_unref(match->ids);
    g_hash_table_unref(match->urls);
    g_hash_table_unref(match->dois);
    g_hash_table_unref(match->names);
    g_ptr_array_unref(match->patterns);
}

GArray *forget_match(StoreTxn *txn, const ForgetCriteria *criteria, guint *already, GError **error)
{
    Match match = {.criteria = criteria, .ids = words_new(NULL), .urls = words_new(criteria->urls), .dois = words_new(NULL),
                   .patterns = g_ptr_array_new_with_free_func((GDestroyNotify)g_pattern_spec_free),
                   .names = g_hash_table_new_full(hash_name, equal_names, g_free, NULL)};
    g_autoptr(GArray) items = g_array_new(FALSE, FALSE, sizeof(ForgetItem));
    g_autoptr(GError) failure = NULL;
    g_autoptr(GPtrArray) tags = read_tags(txn, &failure);
    for (char **pattern = criteria->patterns; pattern && *pattern; pattern++)
        g_ptr_array_add(match.patterns, g_pattern_spec_new(*pattern));
    read_ids(&match, txn);
    gboolean good = tags && check_sources(criteria, tags, &failure) && read_dois(&match, &failure) &&
                    walk(&match, txn, note_name, NULL, &failure) && check_all(&match, txn, tags, already, &failure) &&
                    take_documents(&match, txn, items, &failure);
    clear(&match);
    if (failure)
        g_propagate_error(error, g_steal_pointer(&failure));
    return good ? g_steal_pointer(&items) : NULL;
}
