/* SPDX-License-Identifier: Apache-2.0
 * The numbers of the stage "passages"; see dedup/passages_summary.h. */
#include "dedup/passages_summary.h"

#include "dedup/passages.h"

/* What the run counts, and what the summary calls it. */
static const struct {
    const char *count, *name;
} numbers[] = {
    {"words", "words"},         {"documents", "documents"}, {"repeated_words", "repeated_words"}, {"cut_words", "cut_words"}, {"cut", "cut"},
    {"cut_bytes", "cut_bytes"}, {"dropped:repeated-passages", "dropped"},
};

static json_t *source_json(const StageRun *run, const char *tag, json_t *all)
{
    json_t *object = json_object();
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_autofree char *key = g_strconcat(tag, "/", numbers[i].count, NULL);
        json_int_t value = json_integer_value(json_object_get(run->counts, key));
        json_int_t sum = json_integer_value(json_object_get(all, numbers[i].name));
        json_object_set_new(object, numbers[i].name, json_integer(value));
        json_object_set_new(all, numbers[i].name, json_integer(sum + value));
    }
    return object;
}

static gboolean put_summary(StoreTxn *txn, gpointer user, GError **error)
{
    return store_put_meta(txn, PASSAGES_STAGE, user, error);
}

gboolean passages_summary_write(Store *store, const Recipe *recipe, const StageRun *run, GError **error)
{
    const RecipePassages *settings = &recipe->passages;
    json_t *sources = json_object();
    g_autoptr(json_t) summary = json_pack("{s:s, s:I, s:I, s:o}", "action", recipe_passages_action_name(settings->action), "min_words",
                                          (json_int_t)settings->min_words, "occurrences", (json_int_t)settings->occurrences, "sources", sources);
    for (unsigned i = 0; i < recipe->sources_count; i++)
        json_object_set_new(sources, recipe->sources[i].tag, source_json(run, recipe->sources[i].tag, summary));
    g_autofree char *text = json_write(summary);
    return store_write(store, put_summary, text, error);
}
