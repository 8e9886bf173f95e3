/* SPDX-License-Identifier: Apache-2.0
 * scrapers/forget_captures.h - takes forgotten pages out of the raw captures of a store's crawls.
 *
 * forget_captures does what a store has noted (store/forget.h): of each crawl's WARC file the records go whose source and
 * address have a tombstone that asks for it; the store's record of that input gets the file's new size and time, so that the
 * next build takes it for the one that it has read. Then the note is taken back. Without a note nothing is done. Files that
 * the recipe reads from elsewhere are not the store's, and are left alone.
 *
 * A crawl that is made again fetches such a page once more, since nobody can tell its address from the tombstone before it is
 * met. Ingest makes a stub of it and notes that the captures hold it, so it is to be called behind ingest, too.
 *
 * forget_captures_audit is the audit's look at the same files (AuditPart in store/audit.h): a record that is to be gone and lies
 * in one of them is a finding, which names its place and not its address.
 */
#ifndef SCRAPERS_FORGET_CAPTURES_H
#define SCRAPERS_FORGET_CAPTURES_H

#include "store/store.h"

gboolean forget_captures(Store *store, GError **error);
gboolean forget_captures_audit(Store *store, GPtrArray *findings, GError **error);

#endif
