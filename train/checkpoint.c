/* SPDX-License-Identifier: Apache-2.0
 * Reading of checkpoints; see train/checkpoint.h. */
#include "train/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/checkpoint_files.h"

void checkpoint_state_clear(CheckpointState *state)
{
    g_clear_pointer(&state->fingerprint, json_decref);
    g_clear_pointer(&state->model, json_decref);
}

static gboolean refuse(GError **error, const char *checkpoint, const char *reason)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT, "%s/state.json: %s", checkpoint, reason);
    return FALSE;
}

/* ---- state.json ---- */

static json_t *read_state(const char *checkpoint, GError **error)
{
    g_autoptr(json_t) json = checkpoint_read_json(checkpoint, "state.json", error);
    if (!json)
        return NULL;
    const json_t *format = json_object_get(json, "format");
    if (!json_is_integer(format)) {
        refuse(error, checkpoint, "not the state of a checkpoint: it has no format");
        return NULL;
    }
    if (json_integer_value(format) != CHECKPOINT_FORMAT) {
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s/state.json: a checkpoint of format %lld, but this version of galen reads format %d; go on with the %s version "
                    "that wrote it, or begin in another output directory",
                    checkpoint, (long long)json_integer_value(format), CHECKPOINT_FORMAT,
                    json_integer_value(format) > CHECKPOINT_FORMAT ? "newer" : "older");
        return NULL;
    }
    return g_steal_pointer(&json);
}

gboolean checkpoint_load_state(const char *checkpoint, CheckpointState *state, GError **error)
{
    g_autoptr(json_t) json = read_state(checkpoint, error);
    if (!json)
        return FALSE;
    const char *shards = json_get_string(json, "shards");
    const json_t *step = json_object_get(json, "step");
    json_t *config = json_object_get(json, "config");
    if (json_is_object(json_object_get(json, "import")))
        return refuse(error, checkpoint, "of converted weights, which no run has trained; begin a run with them instead of going on");
    if (!json_is_integer(step) || json_integer_value(step) < 0 || !json_is_object(config) || !shards ||
        !sha256_from_hex(shards, &state->shards))
        return refuse(error, checkpoint, "damaged: it has no step, shards and config that make sense");
    state->step = (guint64)json_integer_value(step);
    state->fingerprint = json_incref(config);
    return TRUE;
}

json_t *checkpoint_format_sum(guint64 sum)
{
    char text[17];
    g_snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", sum);
    return json_string(text);
}

json_t *checkpoint_state_of_import(json_t *import, json_t *sums)
{
    return json_pack("{s:i, s:i, s:o, s:o}", "format", CHECKPOINT_FORMAT, "step", 0, "import", import, "sums", sums);
}

/* ---- Tensors ---- */

TensorReader *checkpoint_open(const char *checkpoint, GError **error)
{
    g_autoptr(TensorReader) reader = tensor_reader_new(checkpoint);
    if (!tensor_reader_add(reader, "model", error))
        return NULL;
    if (tensor_reader_exists(reader, "optimizer") && !tensor_reader_add(reader, "optimizer", error))
        return NULL;
    return g_steal_pointer(&reader);
}

/* Adds to sums[i] those elements of tensor i that lie in the rank's equal part of all elements. */
static gboolean sum_part(const TensorReader *reader, unsigned rank, unsigned size, guint64 *sums, GError **error)
{
    guint64 total = 0, at = 0;
    for (guint i = 0; i < reader->places->len; i++)
        total += g_array_index(reader->places, TensorPlace, i).tensor->elements;
    guint64 share = (total + size - 1) / size, begin = MIN(total, share * rank), end = MIN(total, begin + share);
    for (guint i = 0; i < reader->places->len; i++) {
        const TensorPlace *place = &g_array_index(reader->places, TensorPlace, i);
        guint64 from = MAX(at, begin), to = MIN(at + place->tensor->elements, end);
        if (from < to && !tensor_place_sum(place, from - at, to - from, &sums[i], error))
            return FALSE;
        at += place->tensor->elements;
    }
    return TRUE;
}

static gboolean compare_sums(const TensorReader *reader, const json_t *expected, const guint64 *sums, GError **error)
{
    for (guint i = 0; i < reader->places->len; i++) {
        const TensorPlace *place = &g_array_index(reader->places, TensorPlace, i);
        g_autoptr(json_t) sum = checkpoint_format_sum(sums[i]);
        const json_t *wanted = json_object_get(expected, place->tensor->name);
        if (wanted && json_equal(wanted, sum))
            continue;
        g_set_error(error, GALEN_ERROR, GALEN_ERROR_INPUT,
                    "%s: the file is damaged: the sum of tensor \"%.80s\" is not the one in state.json; remove this checkpoint",
                    place->file->path, place->tensor->name);
        return FALSE;
    }
    return TRUE;
}

static gboolean check_sums(const TensorReader *reader, const json_t *expected, Comm *comm, GError **error)
{
    guint count = reader->places->len;
    g_autofree guint64 *sums = g_new0(guint64, MAX(count, 1));
    gboolean good = sum_part(reader, comm_rank(comm), comm_size(comm), sums, error);
    return comm_agree(comm, good, error) && comm_all_reduce(comm, sums, count, COMM_U64, COMM_SUM, error) &&
           compare_sums(reader, expected, sums, error);
}

gboolean checkpoint_read(const char *checkpoint, const TensorSlice *slices, gsize count, Comm *comm, GError **error)
{
    g_autoptr(json_t) json = read_state(checkpoint, error);
    g_autoptr(TensorReader) reader = json ? checkpoint_open(checkpoint, error) : NULL;
    const json_t *sums = json_object_get(json, "sums");
    gboolean good = reader != NULL;
    if (good && json_object_size(sums) != reader->places->len)
        good = refuse(error, checkpoint, "its sums are not those of the tensors in the files; remove this checkpoint");
    if (!comm_agree(comm, good, error) || !check_sums(reader, sums, comm, error))
        return FALSE;
    return comm_agree(comm, tensor_reader_read(reader, slices, count, error), error);
}
