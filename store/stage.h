/* SPDX-License-Identifier: Apache-2.0
 * store/stage.h - the record of a stage's run, and the loop that most stages are: each document through a function.
 *
 * Run records make builds resumable. A stage has a fingerprint (store/fingerprint.h): its version, its settings and its
 * predecessor's fingerprint. stage_begin compares it with the record: equal and complete, the stage is skipped; equal
 * and unfinished, it goes on at `next`; different, what the stage (and every later one) wrote is cleared, and it starts
 * anew. Progress is written in the same transaction as the results, so a kill -9 loses at most one open batch.
 *
 * A complete store may get documents, or lose some: each such change is a new generation of it. Where the settings are the
 * same but for those of further sources, a stage that can tell what the change means for it deals with the documents of
 * store/changes.h alone (stage_begin_extending gives STAGE_EXTEND); any other one starts anew.
 *
 * Several ranks (base/comm.h) can work on one stage. Rank 0 has the store open for writing and decides; the others have it
 * open with STORE_FOLLOW, and call what rank 0 calls. stage_map shares the documents out among them when its StageMap says how
 * results travel: rank 0 writes what it would have written alone, in the same order. Other stages are rank 0's own.
 *
 * stage_map runs a stage over all undecided documents in docno order: batches are read on one thread (or, where a stage wants
 * clean texts alone, only numbered there and read by the workers), `work` runs on `jobs` threads, `save` runs on the calling
 * thread inside the batch's transaction. Results depend on no timing.
 */
#ifndef STORE_STAGE_H
#define STORE_STAGE_H

#include "base/comm.h"
#include "base/json.h"
#include "base/progress.h"
#include "store/cuts.h"
#include "store/document.h"
#include "store/ledger.h"
#include "store/store.h"

typedef struct StageRun {
    char *stage;
    char *fingerprint;
    gboolean complete;
    Docno next;     /* documents below are done */
    json_t *counts; /* object "source/what" -> integer; owned */
    json_t *position; /* whatever else a stage must know to go on; owned, NULL when it needs nothing */
    guint64 generation; /* of the store, that the results are of */
    gboolean extends;   /* not complete: it goes over the changes to a state that was */
} StageRun;

typedef struct StageContext {
    Store *store;
    Progress *progress; /* may be NULL */
    unsigned jobs;
    guint64 memory; /* bytes for what a stage must sort; 0: the stage's own choice. Never changes results. */
    unsigned batch_documents; /* documents in one transaction; 0: chosen for speed. Never changes results. */
    GString *notices;   /* lines for people, printed by cli/ after the stage; may be NULL */
    Comm *comm;         /* ranks that work on the stage together; NULL: this process alone */
} StageContext;

typedef enum { STAGE_SKIP, STAGE_RESUME, STAGE_START, STAGE_EXTEND } StageAction;

/* The order of the stages, NULL-terminated: clearing one clears those after it. */
extern const char *const stage_order[];
/* The place of a stage in it; that of NULL for an unknown one. */
unsigned stage_place(const char *stage);

/* Decides what to do and fills *run (stage_run_clear frees it). On STAGE_START the tables that the stage owns, its
 * verdicts, and those of all later stages have been cleared. */
gboolean stage_begin(Store *store, const char *stage, const char *fingerprint, StageRun *run, StageAction *action, GError **error);
/* The same for a stage that can extend its results. `newcomer`: a stage without a record, in a store in which a later one
 * has run, has had no document to look at so far, and is to look at those of the list alone. STAGE_EXTEND comes again until
 * the run is finished, and says nothing of `next`: each step must leave no document that it has dealt with on the list. */
typedef enum { STAGE_NEEDS_RECORD, STAGE_MAY_BE_NEW } StageRecordNeed;
gboolean stage_begin_extending(Store *store, const char *stage, const char *fingerprint, StageRecordNeed need, StageRun *run,
                               StageAction *action, GError **error);
/* For whoever changes the documents of a store: the run of the stage "ingest", which must be there, gets the next generation,
 * and is unfinished until stage_finish. */
gboolean stage_open_generation(Store *store, StageRun *ingest, GError **error);
gboolean stage_save(StoreTxn *txn, const StageRun *run, GError **error);
gboolean stage_finish(Store *store, StageRun *run, GError **error); /* marks complete */
/* Whether the stage has run to its end with this fingerprint, so that what only a run needs need not be prepared. */
gboolean stage_is_done(Store *store, const char *stage, const char *fingerprint, gboolean *done, GError **error);
/* For a stage that the recipe does not ask for: if it ever ran, it is cleared with all later ones, and forgotten. */
gboolean stage_leave_out(Store *store, const char *stage, GError **error);
gboolean stage_load(StoreTxn *txn, const char *stage, StageRun *run, GError **error); /* FALSE, no error: never run */
void stage_run_clear(StageRun *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StageRun, stage_run_clear)
void stage_count(StageRun *run, const char *source, const char *what, gint64 amount);

typedef enum {
    STAGE_READ_DOCUMENT = 1, /* item->document with its text, that of its chapters in it (store/chapters.h) */
    STAGE_READ_FACTS = 2,    /* item->document without its text */
    STAGE_READ_SOURCE = 16,  /* item->document.source alone, as it lies there: its checksum is not looked at */
    STAGE_READ_CLEANED = 4,  /* item->cleaned: the clean text */
    STAGE_READ_FINAL = 8,    /* item->cleaned: the clean text without item->cuts, those of the stages before */
} StageReads;

typedef struct StageItem {
    Docno docno;
    Document document;
    /* For `work` alone; gone before `count` and `save`: */
    char *cleaned;
    gsize cleaned_length;
    char *note; /* with StageMap.note, as JSON; NULL: there is none */
    Cut *cuts; /* with STAGE_READ_FINAL; owned; NULL: there are none */
    gsize cut_count;
    gpointer result; /* set by work, read by save, freed by result_free */
} StageItem;

typedef struct StageMap {
    const char *stage;
    const char *fingerprint;
    StageReads reads;
    gboolean extends; /* each document's result is its own: a store that changes needs only the changed ones looked at */
    /* For a stage that extends, of which a document's result is not all: the documents to look at in the place of the list,
     * which stays as it is (Docno, in the order of reading). NULL: those of the list. */
    const GArray *only;
    const char *note; /* an earlier stage, whose notes item->note has (store/note.h); NULL: none are read */
    gpointer user; /* shared by all threads: read only */
    /* Does the stage want this document? Its text is not read yet. NULL: all. */
    gboolean (*wants)(gpointer user, const Document *facts);
    gpointer (*worker_new)(gpointer user, GError **error); /* per-thread state; may be NULL */
    void (*worker_free)(gpointer worker);
    gboolean (*work)(gpointer user, gpointer worker, StageItem *item, GError **error);
    /* Writes the result of one item (may be called again for the same item when the map grows). */
    gboolean (*save)(gpointer user, StoreTxn *txn, StageItem *item, GError **error);
    /* Adds to the run's counts; called once for each item, in order. May be NULL. */
    void (*count)(gpointer user, StageItem *item, StageRun *run);
    /* For a stage that gathers more than counts: puts what it has gathered into run->position, before each commit; and
     * takes it out again when the stage goes on where it was. Both may be NULL. */
    void (*checkpoint)(gpointer user, StageRun *run);
    gboolean (*resume)(gpointer user, const StageRun *run, GError **error);
    GDestroyNotify result_free; /* may be NULL */
    /* For a stage that several ranks can share: an item's result as bytes, and back. `count` and `save` then see an item
     * that has its docno, its document's source and its result only. NULL: rank 0 works alone, and the others do not call stage_map. */
    void (*pack)(gpointer user, const StageItem *item, Buffer *bytes);
    gboolean (*unpack)(gpointer user, StageItem *item, const char *bytes, gsize length, GError **error);
    gsize room; /* bytes that a result takes, at most */
} StageMap;

gboolean stage_map(StageContext *context, const StageMap *map, GError **error);

#endif
