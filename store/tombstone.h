/* SPDX-License-Identifier: Apache-2.0
 * store/tombstone.h - what is left of a document that was forgotten, so that it does not come back.
 *
 * A tombstone stands for one name, that is source and id, and for every record that comes under it, now or later. Its key is
 * the 128-bit hash of the name (document_key), as in TABLE_IDS; nothing in it tells what the name was or what the document
 * said. TABLE_TOMBSTONES belongs to no stage: a store that is built anew keeps it.
 *
 * The document itself stays in the store as a stub, so that numbers and counts stay what they were: its source, an id made
 * of the key ("forgotten:" and 32 hexadecimal digits), the kind "forgotten", and nothing else. Its verdict is dropped /
 * ingest / "forgotten", with the reason as detail. Ingest makes the same stub of a record whose name has a tombstone.
 *
 * Times are seconds since 1970, UTC. Strings are UTF-8 of one line.
 */
#ifndef STORE_TOMBSTONE_H
#define STORE_TOMBSTONE_H

#include "store/document.h"
#include "store/ledger.h"

#define RULE_FORGOTTEN "forgotten"
#define FORGOTTEN_KIND "forgotten"
#define FORGOTTEN_PREFIX "forgotten:"
#define TOMBSTONE_TEXT_LIMIT 200 /* bytes of a reason */

typedef struct Tombstone {
    gint64 time;       /* when it was forgotten */
    char *reason;      /* NULL: none was given */
    char *by;          /* the user who asked for it */
    char *matched;     /* what named it, without saying its name: "id", "url", "source notes" */
    gboolean captures; /* the raw captures are to be gone, too */
} Tombstone;

void tombstone_clear(Tombstone *tombstone);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Tombstone, tombstone_clear)

gboolean tombstone_put(StoreTxn *txn, const guint8 key[DOCUMENT_KEY_SIZE], const Tombstone *tombstone, GError **error);
/* FALSE without error: there is none. */
gboolean tombstone_get(StoreTxn *txn, const guint8 key[DOCUMENT_KEY_SIZE], Tombstone *tombstone, GError **error);

/* The stub of a document of this source. */
void tombstone_stub(const char *source, const guint8 key[DOCUMENT_KEY_SIZE], Document *stub);
char *tombstone_stub_id(const guint8 key[DOCUMENT_KEY_SIZE]); /* g_free */
/* Whether a document is a stub; then `key` is that of its tombstone. */
gboolean tombstone_stub_key(const Document *document, guint8 key[DOCUMENT_KEY_SIZE]);
Verdict tombstone_verdict(const char *reason); /* borrows the reason */

/* All tombstones, for whoever reads many records: is a name one of them? Shared by threads. `reason` is borrowed, or NULL. */
typedef struct Tombstones Tombstones;
Tombstones *tombstones_load(StoreTxn *txn, GError **error);
void tombstones_free(Tombstones *tombstones);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tombstones, tombstones_free)
gboolean tombstones_have(const Tombstones *tombstones, const char *source, const char *id, guint8 key[DOCUMENT_KEY_SIZE],
                         const char **reason);
guint tombstones_count(const Tombstones *tombstones);

#endif
