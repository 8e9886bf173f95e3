/* SPDX-License-Identifier: Apache-2.0
 * Rows for new tokens; see train/vocabulary.h. */
#include "train/vocabulary.h"

#include <string.h>

#include "base/error.h"

#define ROWS_LIMIT 1048576 /* that of train/shape.h */

static void token_clear(gpointer data)
{
    NewToken *token = data;
    g_free(token->text);
    g_array_unref(token->pieces);
}

void vocabulary_plan_free(VocabularyPlan *plan)
{
    if (!plan)
        return;
    g_array_unref(plan->tokens);
    g_free(plan);
}

static gboolean refuse_token(GError **error, const char *text, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "cannot add the token '%s': %s", text, reason);
    return FALSE;
}

static gboolean add_token(VocabularyPlan *plan, const Tokenizer *tokenizer, const char *text, GError **error)
{
    for (guint i = 0; i < plan->tokens->len; i++)
        if (g_str_equal(g_array_index(plan->tokens, NewToken, i).text, text))
            return refuse_token(error, text, "it is given twice");
    g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(guint32));
    if (!tokenizer_encode(tokenizer, text, strlen(text), pieces, error))
        return FALSE;
    if (pieces->len == 0)
        return refuse_token(error, text, "the tokenizer makes nothing of it");
    if (pieces->len == 1)
        return refuse_token(error, text, "the tokenizer has it already");
    NewToken token = {g_strdup(text), plan->known + plan->tokens->len, g_steal_pointer(&pieces)};
    g_array_append_val(plan->tokens, token);
    return TRUE;
}

static gboolean add_tokens(VocabularyPlan *plan, const char *path, const char *const *tokens, unsigned count, GError **error)
{
    g_autoptr(Tokenizer) tokenizer = tokenizer_load(path, NULL, 0, error);
    if (!tokenizer)
        return FALSE;
    plan->known = tokenizer_vocabulary(tokenizer);
    if (plan->known > plan->rows_before) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s has %" G_GSIZE_FORMAT " tokens, but the model's embedding only %" G_GSIZE_FORMAT " rows: it is the tokenizer of another model",
                    path, plan->known, plan->rows_before);
        return FALSE;
    }
    for (unsigned i = 0; i < count; i++)
        if (!add_token(plan, tokenizer, tokens[i], error))
            return FALSE;
    return TRUE;
}

VocabularyPlan *vocabulary_plan_new(gsize rows, gsize wanted, const char *tokenizer, const char *const *tokens, unsigned count,
                                    GError **error)
{
    g_autoptr(VocabularyPlan) plan = g_new0(VocabularyPlan, 1);
    plan->rows_before = plan->known = rows;
    plan->tokens = g_array_new(FALSE, FALSE, sizeof(NewToken));
    g_array_set_clear_func(plan->tokens, token_clear);
    if (tokenizer && !add_tokens(plan, tokenizer, tokens, count, error))
        return NULL;
    gsize needed = plan->known + plan->tokens->len;
    plan->rows = wanted ? wanted : MAX(rows, needed);
    if (plan->rows > ROWS_LIMIT) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE, "a vocabulary of %" G_GSIZE_FORMAT " is more than the %d that a model may have", plan->rows, ROWS_LIMIT);
        return NULL;
    }
    if (tokenizer && plan->rows < needed) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "a vocabulary of %" G_GSIZE_FORMAT " has no room for the %" G_GSIZE_FORMAT " tokens of %s%s; give at least as many rows",
                    plan->rows, needed, tokenizer, count ? " and the new ones" : "");
        return NULL;
    }
    return g_steal_pointer(&plan);
}

gboolean vocabulary_is_changed(const VocabularyPlan *plan)
{
    return plan->rows != plan->rows_before || plan->tokens->len;
}

gboolean vocabulary_is_new(const VocabularyPlan *plan, gsize row)
{
    return row >= plan->rows_before || (row >= plan->known && row < plan->known + plan->tokens->len);
}

static gboolean add_row(const TensorPlace *matrix, gsize row, gsize columns, double *sum, GError **error)
{
    TensorType type = matrix->tensor->type;
    g_autofree char *narrow = g_malloc(columns * tensor_type_size(type));
    g_autofree float *numbers = g_new(float, columns);
    if (!tensor_place_read(matrix, (guint64)row * columns, columns, narrow, error))
        return FALSE;
    tensor_convert(numbers, TENSOR_F32, narrow, type, columns);
    for (gsize i = 0; i < columns; i++)
        sum[i] += numbers[i];
    return TRUE;
}

static void divide(double *sum, gsize columns, gsize count)
{
    for (gsize i = 0; i < columns; i++)
        sum[i] /= (double)count;
}

gboolean vocabulary_mean_of_all(const VocabularyPlan *plan, const TensorPlace *matrix, double *mean, GError **error)
{
    gsize columns = (gsize)matrix->tensor->shape[1];
    memset(mean, 0, columns * sizeof *mean);
    for (gsize row = 0; row < plan->known; row++)
        if (!add_row(matrix, row, columns, mean, error))
            return FALSE;
    divide(mean, columns, plan->known);
    return TRUE;
}

gboolean vocabulary_mean_of_pieces(const NewToken *token, const TensorPlace *matrix, double *mean, GError **error)
{
    gsize columns = (gsize)matrix->tensor->shape[1];
    memset(mean, 0, columns * sizeof *mean);
    for (guint i = 0; i < token->pieces->len; i++)
        if (!add_row(matrix, g_array_index(token->pieces, guint32, i), columns, mean, error))
            return FALSE;
    divide(mean, columns, token->pieces->len);
    return TRUE;
}

json_t *vocabulary_tokens_to_json(const VocabularyPlan *plan)
{
    json_t *list = json_array();
    for (guint t = 0; t < plan->tokens->len; t++) {
        const NewToken *token = &g_array_index(plan->tokens, NewToken, t);
        json_t *pieces = json_array();
        for (guint i = 0; i < token->pieces->len; i++)
            json_array_append_new(pieces, json_integer(g_array_index(token->pieces, guint32, i)));
        json_array_append_new(list, json_pack("{s:o, s:I, s:o}", "token", json_text(token->text), "id", (json_int_t)token->id, "pieces", pieces));
    }
    return list;
}
