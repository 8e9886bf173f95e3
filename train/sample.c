/* SPDX-License-Identifier: Apache-2.0
 * Generation of text; see train/sample.h. */
#include "train/sample.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/checkpoint_model.h"

typedef struct Candidate {
    double logit;
    guint32 id;
} Candidate;

/* The likeliest first; equal ones by id, so that the order is one. */
static int compare_candidates(gconstpointer a, gconstpointer b)
{
    const Candidate *x = a, *y = b;
    if (x->logit != y->logit)
        return x->logit > y->logit ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

guint32 sample_draw(const real *logits, gsize classes, double temperature, gsize top_k, double unit)
{
    g_autofree Candidate *candidates = g_new(Candidate, classes);
    for (gsize i = 0; i < classes; i++)
        candidates[i] = (Candidate){logits[i], (guint32)i};
    qsort(candidates, classes, sizeof *candidates, compare_candidates);
    if (temperature <= 0)
        return candidates[0].id;
    gsize count = top_k ? MIN(top_k, classes) : classes;
    double sum = 0, passed = 0;
    for (gsize i = 0; i < count; i++)
        sum += exp((candidates[i].logit - candidates[0].logit) / temperature);
    for (gsize i = 0; i < count; i++) {
        passed += exp((candidates[i].logit - candidates[0].logit) / temperature);
        if (unit * sum < passed)
            return candidates[i].id;
    }
    return candidates[count - 1].id;
}

/* The id below `classes` that follows ids[count], of which the model sees as many as its context holds; `room` in the backend's memory has
 * places for ids and positions of a context. */
static guint32 next_id(Model *model, const SampleRequest *request, gsize classes, const guint32 *ids, gsize count, guint32 *room)
{
    Backend *b = model->backend;
    gsize context = model->shape.context, rows = MIN(count, context);
    g_autofree guint32 *positions = g_new(guint32, rows);
    g_autofree real *logits = g_new(real, model->shape.vocabulary);
    for (gsize r = 0; r < rows; r++)
        positions[r] = (guint32)r;
    b->upload(b, room, ids + (count - rows), rows * sizeof *ids);
    b->upload(b, room + context, positions, rows * sizeof *positions);
    guint32 starts[2] = {0, (guint32)rows};
    ModelInput input = {.rows = rows, .ids = room, .positions = room + context, .starts = starts, .segments = 1};
    model_forward(model, 0, 0, &input);
    model_logits(model, rows - 1, logits);
    return sample_draw(logits, classes, request->temperature, request->top_k,
                       random_unit_at(request->seed, "sample", count));
}

/* Passes on what the ids say beyond the first *told bytes; an unfinished character at the end waits. */
static gboolean tell(const Tokenizer *tokenizer, const GArray *ids, gboolean last, gsize *told, SampleText text,
                     gpointer user, GError **error)
{
    g_autofree char *decoded = tokenizer_decode(tokenizer, &g_array_index(ids, guint32, 1), ids->len - 1, error);
    if (!decoded)
        return FALSE;
    gsize length = strlen(decoded);
    if (!last && g_str_has_suffix(decoded, "\xef\xbf\xbd"))
        return TRUE;
    if (length > *told && text)
        text(decoded + *told, user);
    *told = MAX(*told, length);
    return TRUE;
}

static gboolean generate(Model *model, guint32 *room, const SampleRequest *request, const Tokenizer *tokenizer,
                         Progress *progress, SampleText text, gpointer user, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 end = tokenizer_eos(tokenizer);
    gsize told = 0;
    g_array_append_val(ids, end);
    if (!tokenizer_encode(tokenizer, request->prompt, strlen(request->prompt), ids, error) ||
        !tell(tokenizer, ids, TRUE, &told, NULL, NULL, error))
        return FALSE;
    for (gsize i = 0; i < request->tokens; i++) {
        guint32 id = next_id(model, request, tokenizer_vocabulary(tokenizer), (const guint32 *)(gconstpointer)ids->data, ids->len, room);
        progress_add(progress, 1);
        if (id == end)
            break;
        g_array_append_val(ids, id);
        if (!tell(tokenizer, ids, FALSE, &told, text, user, error))
            return FALSE;
    }
    return tell(tokenizer, ids, TRUE, &told, text, user, error);
}

static Model *load_model(const SampleRequest *request, Backend *backend, GError **error)
{
    g_autofree char *checkpoint = checkpoint_resolve(request->checkpoint, error);
    return checkpoint ? checkpoint_load_model(checkpoint, backend, error) : NULL;
}

gboolean sample_run(const SampleRequest *request, const Tokenizer *tokenizer, Progress *progress, SampleText text,
                    gpointer user, GError **error)
{
    Backend *backend = backend_cpu_new(request->threads);
    Model *model = load_model(request, backend, error);
    gboolean good = model != NULL;
    if (good && tokenizer_vocabulary(tokenizer) > model->shape.vocabulary) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s has a vocabulary of %" G_GSIZE_FORMAT ", but the tokenizer one of %u", request->checkpoint,
                    model->shape.vocabulary, tokenizer_vocabulary(tokenizer));
        good = FALSE;
    }
    progress_begin(progress, "sample", "tokens", request->tokens);
    guint32 *room = good ? backend->allocate(backend, 2 * model->shape.context * sizeof *room) : NULL;
    if (good && !room)
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM, "not enough memory for a context of %" G_GSIZE_FORMAT " tokens", model->shape.context);
    good = room && generate(model, room, request, tokenizer, progress, text, user, error);
    progress_end(progress);
    backend->release(backend, room);
    model_free(model);
    backend->destroy(backend);
    return good;
}
