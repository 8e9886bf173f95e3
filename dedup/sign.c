/* SPDX-License-Identifier: Apache-2.0
 * The stage "sign"; see dedup/sign.h. */
#include "dedup/sign.h"

#include <string.h>

#include "base/error.h"
#include "dedup/canonical_url.h"
#include "dedup/exact.h"
#include "dedup/minhash.h"
#include "dedup/shingle.h"
#include "dedup/sketch.h"
#include "dedup/title.h"
#include "store/fingerprint.h"
#include "store/metadata.h"

/* Raise it whenever a sketch of the same document with the same settings comes out different. */
#define SIGN_VERSION 4
#define SKETCH_BYTES ((gsize)1 << 20)
#define SKETCH_FACTS 1024 /* what a sketch usually has besides its signature, at most */

typedef struct Signer {
    const RecipeDedup *settings;
} Signer;

typedef struct SignWorker {
    Shingler *shingler;
    guint32 *signature;
    char *scratch; /* for exact_hash */
    gsize scratch_size;
} SignWorker;

static gpointer worker_new(gpointer user, GError **error)
{
    const Signer *signer = user;
    SignWorker *worker = g_new0(SignWorker, 1);
    worker->shingler = shingler_new(signer->settings->characters ? SHINGLE_CHARACTERS : SHINGLE_WORDS,
                                     (unsigned)signer->settings->shingle);
    worker->signature = g_new(guint32, signer->settings->permutations);
    return worker;
}

static void worker_free(gpointer data)
{
    SignWorker *worker = data;
    shingler_free(worker->shingler);
    g_free(worker->signature);
    g_free(worker->scratch);
    g_free(worker);
}

static char *worker_scratch(SignWorker *worker, gsize size)
{
    if (size > worker->scratch_size) {
        g_free(worker->scratch);
        worker->scratch = g_malloc(size);
        worker->scratch_size = size;
    }
    return worker->scratch;
}

/* Its own identifiers, and those that the stage "metadata" joined. */
static gboolean sketch_identity(Sketch *sketch, const StageItem *item, GError **error)
{
    g_auto(Identity) identity = {0};
    json_t *note = item->note ? json_parse(item->note, strlen(item->note), "a stage's note", error) : NULL;
    if (item->note && !note)
        return FALSE;
    g_autoptr(Metadata) metadata = metadata_new(&item->document, note);
    metadata_identity(metadata, &identity);
    sketch->identifier_count = identity.count;
    for (unsigned i = 0; i < identity.count; i++) {
        const char *text = identity.identifiers[i].text;
        sketch->identifiers[i] = (SketchIdentifier){identity.identifiers[i].scheme, hash128(text, strlen(text))};
    }
    return TRUE;
}

static void sketch_url(Sketch *sketch, const Document *document)
{
    g_autofree char *url = document->url ? canonical_url(document->url) : NULL;
    if (url)
        sketch->url = hash128(url, strlen(url));
}

static void sketch_signature(const Signer *signer, SignWorker *worker, const StageItem *item, Sketch *sketch)
{
    gsize count;
    const guint64 *hashes = shingler_run(worker->shingler, item->cleaned, item->cleaned_length, &count);
    if (count == 0)
        return;
    sketch->words = shingler_words(worker->shingler);
    minhash_sign(hashes, count, worker->signature, (unsigned)signer->settings->permutations);
    sketch->permutations = signer->settings->permutations;
}

static gboolean work(gpointer user, gpointer data, StageItem *item, GError **error)
{
    SignWorker *worker = data;
    const char *source = item->document.source ? item->document.source : "";
    Sketch sketch = {.kind = document_kind(item->document.kind),
                     .openness = licence_openness(item->document.licence),
                     .length = item->cleaned_length,
                     .source = source,
                     .source_length = strlen(source)};
    sketch.exact = exact_hash(item->cleaned, item->cleaned_length, worker_scratch(worker, item->cleaned_length));
    sketch.title = title_hash(item->document.title, &sketch.title_length);
    if (!sketch_identity(&sketch, item, error))
        return FALSE;
    sketch_url(&sketch, &item->document);
    if (((const Signer *)user)->settings->near)
        sketch_signature(user, worker, item, &sketch);
    Buffer *record = g_new(Buffer, 1);
    buffer_init(record, SKETCH_BYTES);
    sketch_encode(&sketch, worker->signature, record);
    item->result = record;
    if (!record->overflowed)
        return TRUE;
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "the tag of its source is over %" G_GSIZE_FORMAT " bytes",
                SKETCH_BYTES);
    return FALSE;
}

static gboolean save(gpointer user, StoreTxn *txn, StageItem *item, GError **error)
{
    const Buffer *record = item->result;
    return store_put_docno(txn, TABLE_SIGNATURES, item->docno, record->data, record->length, error);
}

static void count(gpointer user, StageItem *item, StageRun *run)
{
    stage_count(run, item->document.source ? item->document.source : "", "documents", 1);
}

static void pack(gpointer user, const StageItem *item, Buffer *bytes)
{
    const Buffer *record = item->result;
    buffer_append(bytes, record->data, record->length);
}

static gboolean unpack(gpointer user, StageItem *item, const char *bytes, gsize length, GError **error)
{
    Buffer *record = g_new(Buffer, 1);
    buffer_init(record, SKETCH_BYTES);
    buffer_append(record, bytes, length);
    item->result = record;
    return TRUE;
}

static void result_free(gpointer data)
{
    buffer_clear(data);
    g_free(data);
}

gboolean sign_run(StageContext *context, const RecipeDedup *settings, const char *predecessor, char **fingerprint,
                  GError **error)
{
    GString *text = g_string_new(NULL);
    fingerprint_add(text, "sign %d shingle=%" G_GUINT64_FORMAT " %s permutations=%" G_GUINT64_FORMAT " near=%d", SIGN_VERSION, settings->shingle,
                    settings->characters ? "characters" : "words", settings->permutations, settings->near);
    fingerprint_add_before(text, predecessor);
    *fingerprint = g_string_free(text, FALSE);
    Signer signer = {.settings = settings};
    StageMap map = {
        .stage = "sign",
        .fingerprint = *fingerprint,
        .reads = STAGE_READ_FACTS | STAGE_READ_CLEANED,
        .extends = TRUE,
        .note = METADATA_STAGE,
        .user = &signer,
        .worker_new = worker_new,
        .worker_free = worker_free,
        .work = work,
        .save = save,
        .count = count,
        .result_free = result_free,
        .pack = pack,
        .unpack = unpack,
        .room = SKETCH_FACTS + settings->permutations * sizeof(guint32),
    };
    return stage_map(context, &map, error);
}
