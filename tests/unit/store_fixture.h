/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/store_fixture.h - a small corpus for tests of what comes after cleaning.
 *
 * A fixture is a temporary folder with a recipe of three sources ("guide", "paper" with two repeats, "replay") and a
 * SentencePiece model of single letters, made here byte by byte. fixture_store makes a store in it with documents that
 * are clean and undecided. Every helper aborts the test when something fails that the test is not about.
 */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "store/recipe.h"
#include "store/stage.h"
#include "store/tokenizer.h"

#define FIXTURE_DOCUMENTS 60
#define FIXTURE_SPECIAL "[ref]"

typedef struct Fixture {
    char *directory;
    char *model_path;
    Recipe *recipe; /* shard_tokens is 64; tests may change settings */
    Tokenizer *tokenizer;
} Fixture;

Fixture *fixture_new(void);
void fixture_free(Fixture *fixture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fixture, fixture_free)

/* The bytes of a model with or without an EOS piece. */
GByteArray *fixture_model(gboolean eos);

/* A new store NAME with FIXTURE_DOCUMENTS documents; fixture_path gives where it lies (g_free). */
Store *fixture_store(Fixture *fixture, const char *name);
char *fixture_path(const Fixture *fixture, const char *name);
/* More of them, [from, to), each of `letters` letters and a few. */
void fixture_add_documents(Fixture *fixture, Store *store, Docno from, Docno to, guint letters);
StageContext fixture_context(Store *store);

/* tokenise, mix, pack, and (fixture_build) the manifest. */
void fixture_pack(Fixture *fixture, Store *store);
void fixture_build(Fixture *fixture, Store *store);

void fixture_write(Store *store, StoreBatch batch, gpointer user);
void fixture_put_verdict(Store *store, Docno docno, const Verdict *verdict);
Verdict fixture_verdict(Store *store, Docno docno); /* strings interned; outcome 0: none */
/* The ids of a document's clean text by the fixture's tokenizer, with EOS. */
GArray *fixture_ids(const Fixture *fixture, Store *store, Docno docno);
/* SHA-256 over the keys and values of a table. */
char *fixture_table_digest(Store *store, StoreTable table);

#endif
