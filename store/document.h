/* SPDX-License-Identifier: Apache-2.0
 * store/document.h - a document: what came in, under which name and licence, and its text as extracted.
 *
 * Filled by scrapers/, written once by document_put, never changed afterwards. All strings are UTF-8 and owned by the
 * struct (document_clear frees them); NULL means unknown. `text` is the body, without the title.
 *
 * Text form (all formats alike): headings "# ", "## ", "### " with a blank line before and after; list items "- ", two
 * spaces deeper per level, and where an item goes on behind a list inside it, a line without a dash below that list,
 * as deep as the item's text; one line per paragraph, one blank line between blocks; no other mark-up.
 */
#ifndef STORE_DOCUMENT_H
#define STORE_DOCUMENT_H

#include "base/buffer.h"
#include "store/store.h"

typedef struct Document {
    char *source;   /* tag of the recipe's source */
    char *id;       /* the publisher's identifier, unique within the source: "PMID:123", "PMC123", a URL */
    char *kind;     /* "abstract", "article", "page" or "text" */
    char *title;
    char *url;
    char *licence;  /* SPDX identifier or the publisher's own words; NULL: unknown */
    char *date;     /* of publication, "YYYY", "YYYY-MM" or "YYYY-MM-DD" */
    char *language; /* as the publisher says, ISO 639-1; detection is cleaning's */
    char *meta;     /* a JSON object with whatever else is known: doi, pmid, pmcid, mesh, authors, journal ... */
    char *origin;   /* where the bytes lay: "PATH", "PATH#MEMBER", "PATH@BYTE-OFFSET" */
    Sha256 capture; /* of the raw bytes that the document was parsed from */
    char *text;
    gsize text_length;
} Document;

#define DOCUMENT_TEXT_LIMIT ((gsize)64 << 20) /* bytes of text that one document may have */

void document_clear(Document *document);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Document, document_clear)
void document_set_text(Document *document, const char *text, gsize length); /* copies */

/* A flat encoding, for the sandbox's channel: all fields, text uncompressed. */
void document_encode(const Document *document, Buffer *buffer);
gboolean document_decode(BufferView *view, Document *document); /* FALSE and an empty document on nonsense */

/* The store's encoding: all fields, text as zstd. */
gboolean document_put(StoreTxn *txn, Docno docno, const Document *document, GError **error);
gboolean document_get(StoreTxn *txn, Docno docno, Document *document, GError **error);       /* FALSE, no error: absent */
gboolean document_get_facts(StoreTxn *txn, Docno docno, Document *document, GError **error); /* all but the text */
/* Its source's tag alone, without reading the record whole to check it; g_free. NULL without error: there is no such document. */
char *document_source(StoreTxn *txn, Docno docno, GError **error);

/* The two halves of document_put and document_get, for threads that hold no transaction and for cursors: the record's
 * bytes (buffer->overflowed when a document is too large for any record), and a document out of them. */
void document_freeze(const Document *document, Buffer *buffer);
gboolean document_thaw(const StoreValue *value, gboolean with_text, Document *document, GError **error);
/* Its source alone; its source and id. */
gboolean document_thaw_source(const StoreValue *value, Document *document, GError **error);
gboolean document_thaw_name(const StoreValue *value, Document *document, GError **error);
/* Bytes of a stored document's text, without decompressing it; 0 where the record cannot be read. */
gsize document_text_size(const StoreValue *value);

/* What names a document: XXH3-128 of source and id, the key of TABLE_IDS. */
#define DOCUMENT_KEY_SIZE 16
void document_key(const char *source, const char *id, guint8 key[DOCUMENT_KEY_SIZE]);

/* The number of the document with this id in this source, or DOCNO_NONE. document_index makes it findable; of two
 * documents with one id the first stays. */
gboolean document_index(StoreTxn *txn, Docno docno, const char *source, const char *id, GError **error);
/* Makes the id lead to this document, whichever it led to before. */
gboolean document_index_move(StoreTxn *txn, Docno docno, const char *source, const char *id, GError **error);
gboolean document_find(StoreTxn *txn, const char *source, const char *id, Docno *docno, GError **error);

/* Clean text: "Title, blank line, body", compressed. */
gboolean cleaned_put(StoreTxn *txn, Docno docno, const char *text, gsize length, GError **error);
gboolean cleaned_get(StoreTxn *txn, Docno docno, char **text, gsize *length, GError **error); /* FALSE, no error: absent */

#endif
