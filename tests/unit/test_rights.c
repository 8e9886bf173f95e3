/* SPDX-License-Identifier: Apache-2.0
 * store/rights.h and store/redistribution.h: what a licence lets one do with a text, and a store without what may not go out. */
#include "store/rights.h"

#include <math.h>
#include <string.h>

#include "store/audit.h"
#include "store/chapters.h"
#include "store/manifest.h"
#include "store/pack.h"
#include "store/redistribution.h"
#include "tests/unit/store_fixture.h"

static Fixture *fixture;

static void test_creative_commons(void)
{
    g_assert_cmpint(rights_of("CC-BY-4.0"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-NC-SA-3.0-IGO"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-SA-2.0-UK"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC0-1.0"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CCBYNC"), ==, RIGHTS_GRANTED);
    g_assert_cmpint(rights_of("CC-BY-NC-ND-4.0"), ==, RIGHTS_DENIED);
    g_assert_cmpint(rights_of("CC-BY-ND-3.0"), ==, RIGHTS_DENIED);
    g_assert_cmpint(rights_of("CCBYND"), ==, RIGHTS_DENIED);
}

static void test_unknown(void)
{
    static const char *const words[] = {"", "CC-BY-9.0", "CC-BY-4.0 or later", "All rights reserved"};
    g_assert_cmpint(rights_of(NULL), ==, RIGHTS_UNKNOWN);
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        g_assert_cmpint(rights_of(words[i]), ==, RIGHTS_UNKNOWN);
}

static void test_own_licence(void)
{
    g_assert_true(rights_allow("CC-BY-4.0", NULL, FALSE));
    g_assert_false(rights_allow("CC-BY-ND-4.0", NULL, TRUE));
    g_assert_false(rights_allow("All rights reserved", "MIT", FALSE));
    g_assert_true(rights_allow("With the publisher's leave", NULL, TRUE));
    g_assert_false(rights_allow(NULL, "CC-BY-4.0", FALSE));
}

static void test_source_licence(void)
{
    g_assert_false(rights_allow("CC-BY-4.0", "CC-BY-4.0", FALSE));
    g_assert_true(rights_allow("CC-BY-ND-4.0", "CC-BY-ND-4.0", TRUE));
}

/* ---- A store ----------------------------------------------------------------------------------------------------- */

static gboolean set_licence(StoreTxn *txn, Docno docno, const char *licence, GError **error)
{
    g_auto(Document) document = {0};
    if (!document_get(txn, docno, &document, error))
        return FALSE;
    g_free(document.licence);
    document.licence = g_strdup(licence);
    return document_put(txn, docno, &document, error);
}

/* Sources are not marked; documents 4 to 7 say what they are, and 5 is a chapter of 8. */
static gboolean set_licences(StoreTxn *txn, gpointer user, GError **error)
{
    static const char sources[] = "[{\"tag\":\"guide\",\"repeat\":1},{\"tag\":\"paper\",\"repeat\":2},"
                                  "{\"tag\":\"replay\",\"repeat\":1,\"redistributable\":true}]";
    static const char *const words[] = {"CCBY", "CC BY-ND 4.0", "with\nleave", "CC0"};
    Verdict chapter = {OUTCOME_MERGED, CHAPTERS_STAGE, CHAPTERS_RULE, NAN, NAN, 8, NULL};
    g_autoptr(GPtrArray) pages = chapters_new();
    chapters_add(pages, 8, "https://a.example/8", NULL, NULL);
    chapters_add(pages, 5, "https://a.example/5", "Five", NULL);
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++)
        if (!set_licence(txn, docno, docno >= 4 && docno < 8 ? words[docno - 4] : NULL, error))
            return FALSE;
    return chapters_put(txn, 8, pages, error) && ledger_put(txn, 5, &chapter, error) && store_put_meta(txn, "sources", sources, error);
}

/* What a stage before cleaning decides anew takes the clean texts away. */
static gboolean clean_again(StoreTxn *txn, gpointer user, GError **error)
{
    for (Docno docno = 0; docno < FIXTURE_DOCUMENTS; docno++)
        if (!cleaned_put(txn, docno, "a clean text", strlen("a clean text"), error))
            return FALSE;
    return TRUE;
}

static Store *licensed_store(const char *name)
{
    Store *store = fixture_store(fixture, name);
    fixture_write(store, set_licences, NULL);
    return store;
}

static void leave_out(Store *store)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *fingerprint = NULL;
    StageContext context = fixture_context(store);
    redistribution_run(&context, fixture->recipe, "metadata", &fingerprint, &error);
    g_assert_no_error(error);
}

static void assert_fate(Store *store, Docno docno, Outcome outcome, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(StoreTxn) txn = store_read_begin(store, &error);
    Verdict verdict = {0};
    ledger_get(txn, docno, &verdict, &error);
    g_assert_no_error(error);
    g_assert_cmpint(verdict.outcome, ==, outcome);
    if (outcome != OUTCOME_DROPPED)
        return;
    g_assert_cmpstr(verdict.stage, ==, RIGHTS_STAGE);
    g_assert_cmpstr(verdict.rule, ==, RULE_NOT_REDISTRIBUTABLE);
    if (!strstr(verdict.detail, words))
        g_test_message("'%s' lacks '%s'", verdict.detail, words);
    g_assert_nonnull(strstr(verdict.detail, words));
}

static void test_the_verdict_names_the_licence(void)
{
    g_autoptr(Store) store = licensed_store("verdicts");
    fixture->recipe->redistributable = true;
    leave_out(store);
    assert_fate(store, 3, OUTCOME_DROPPED, "no licence is stated, and source 'guide' is not marked redistributable");
    assert_fate(store, 4, 0, NULL);
    assert_fate(store, 5, OUTCOME_MERGED, NULL);
    assert_fate(store, 6, OUTCOME_DROPPED, "the licence \"with leave\" is not known");
    assert_fate(store, 7, 0, NULL);
    assert_fate(store, 8, OUTCOME_DROPPED, "of its chapter, document 5: the licence \"CC BY-ND 4.0\" does not allow changed copies");
    assert_fate(store, 11, 0, NULL);
}

static void test_without_the_setting_it_is_taken_back(void)
{
    g_autoptr(Store) store = licensed_store("back");
    fixture->recipe->redistributable = true;
    leave_out(store);
    fixture->recipe->redistributable = false;
    leave_out(store);
    assert_fate(store, 3, 0, NULL);
    assert_fate(store, 5, OUTCOME_MERGED, NULL);
}

/* ---- The audit --------------------------------------------------------------------------------------------------- */

static guint count_findings(Store *store, const char *where)
{
    g_autoptr(GError) error = NULL;
    StageContext context = fixture_context(store);
    g_autoptr(GPtrArray) findings = audit_run(&context, &error);
    guint count = 0;
    g_assert_no_error(error);
    for (guint i = 0; i < findings->len; i++) {
        const Finding *finding = findings->pdata[i];
        g_assert_true(strcmp(finding->id, FINDING_NOT_REDISTRIBUTABLE) != 0 || finding->severity == SEVERITY_ERROR);
        count += strcmp(finding->id, FINDING_NOT_REDISTRIBUTABLE) == 0 && (!where || strcmp(finding->where, where) == 0);
    }
    return count;
}

static void test_a_store_that_claims_it_is_held_to_it(void)
{
    g_autoptr(Store) sound = licensed_store("sound"), false_claim = licensed_store("claim"), modest = licensed_store("modest");
    fixture->recipe->redistributable = true;
    leave_out(sound);
    fixture_write(sound, clean_again, NULL);
    fixture_build(fixture, sound);
    g_assert_cmpuint(count_findings(sound, NULL), ==, 0);
    fixture_build(fixture, false_claim);
    g_assert_cmpuint(count_findings(false_claim, "document 6"), ==, 1);
    g_assert_cmpuint(count_findings(false_claim, "document 8"), ==, 1);
    g_assert_cmpuint(count_findings(false_claim, "document 7"), ==, 0);
    fixture->recipe->redistributable = false;
    fixture_build(fixture, modest);
    g_assert_cmpuint(count_findings(modest, NULL), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixture = fixture_new();
    g_test_add_func("/rights/Creative Commons licences grant but for ND", test_creative_commons);
    g_test_add_func("/rights/what is no licence is unknown", test_unknown);
    g_test_add_func("/rights/a document's own licence decides where it is known", test_own_licence);
    g_test_add_func("/rights/of the source's licence the recipe decides", test_source_licence);
    g_test_add_func("/rights/the verdict names the licence", test_the_verdict_names_the_licence);
    g_test_add_func("/rights/without the setting what was left out comes back", test_without_the_setting_it_is_taken_back);
    g_test_add_func("/rights/a store that claims to be redistributable is held to it", test_a_store_that_claims_it_is_held_to_it);
    int result = g_test_run();
    fixture_free(fixture);
    return result;
}
