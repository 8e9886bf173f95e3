/* SPDX-License-Identifier: Apache-2.0
 * store/pages.h - the pages of a store's LMDB file, checked without LMDB.
 *
 * LMDB trusts its pages: a damaged number in one leads it to a crash, to wrong records, or, when it writes next, to the
 * loss of good ones. pages_check reads the file by itself, with every number checked before it is used, and tells what
 * is wrong; LMDB is safe on a file that passes. It follows the format of LMDB 0.9 (data version 1; mdb.c describes it),
 * in the byte order and page size of the machine that made it.
 *
 * What is checked: both meta pages; each page of each tree (its number, kind, bounds, the places and sizes of its nodes,
 * the order of keys within it, beside it and against the keys of the pages above); the chains of pages of large values;
 * the counts that LMDB keeps of each tree; the list of free pages; and that every page is used once or free once.
 *
 * What no reader and no writer looks at is not checked and may be anything: free pages, the room between the nodes of a
 * page, padding, the first key of an inner page, and all but the fixed numbers of the older meta page. The contents of
 * records are table_digest.h's business.
 *
 * `fault` is called for each thing that is wrong, with its place ("table documents, page 17"). Pages below a damaged
 * one are not looked at. FALSE with an error: the file cannot be opened, or another process wrote to it meanwhile.
 */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include "base/progress.h"

#define PAGES_LEAST_SIZE 8192 /* a smaller file holds no records, and LMDB does not open it */

typedef void (*PageFault)(gpointer user, const char *where, const char *what);

gboolean pages_check(const char *path, Progress *progress, PageFault fault, gpointer user, GError **error);

#endif
