/* SPDX-License-Identifier: Apache-2.0
 * store/manifest.h - manifest.json: what is in the store, with hashes that prove it.
 *
 * manifest_write gathers the settings, counts per source and licence, and SHA-256 over inputs, captures, extracted and
 * clean texts, verdicts, spans and shards, and chains them to one `root`: docs/manifest.md says how, so that anybody can
 * recompute it (tests/verify_root does). It writes the seal (store/seal.h) and then manifest.json, each atomically, last
 * of all: without it a build is unfinished. One that is there and current is left alone; whoever changes the store
 * calls store_mark_unfinished first, which keeps it as the previous one. It holds no time, path of this machine, or
 * thread count: the same inputs and recipe give the same bytes. Stages that look for something in all texts add what
 * they found ("passages", "contamination").
 * manifest_compute gives the same object without writing it: audit compares the two.
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "base/json.h"
#include "store/stage.h"

json_t *manifest_compute(StageContext *context, GError **error);
gboolean manifest_write(StageContext *context, GError **error);
json_t *manifest_read(const Store *store, GError **error); /* NULL without error: unfinished build */
/* The same, but an unfinished build is an error: "... 'galen build' goes on with it, then" and `then`, what comes of it. */
json_t *manifest_require(const Store *store, const char *then, GError **error);
/* Of the last finished build before the one at hand; NULL without error: there was none. */
json_t *manifest_read_previous(const Store *store, GError **error);
/* What `galen status --json` prints: version, entered, kept, dropped, merged, tokens, root, sources[],
 * contamination (null: not looked for). Of an unfinished build, sources have no licences and no upsample. */
json_t *status_compute(Store *store, GError **error);

#endif
