/* SPDX-License-Identifier: Apache-2.0
 * train/tensorboard.h - event files that TensorBoard reads: scalars over steps.
 *
 * Sequence: t = tensorboard_open(folder, step, e); tensorboard_write(t, step, scalars, count, e) ...; tensorboard_free(t).
 * Each call of tensorboard_open begins a new file; its first records say that the run starts behind `step`, upon which
 * readers forget what an interrupted run wrote for later steps. A file is named events.out.tfevents.SECONDS.galen.NUMBER,
 * so that names sort as they were begun. Events carry the clock: two runs never have the same files, and nothing reads
 * them back.
 * Format: TFRecord framing with masked CRC-32C (RFC 3720) around Event messages of TensorFlow's event.proto and
 * summary.proto, encoded by hand as Protocol Buffers.
 */
#ifndef TRAIN_TENSORBOARD_H
#define TRAIN_TENSORBOARD_H

#include <glib.h>

typedef struct TensorboardScalar {
    const char *tag; /* "loss/cdc": slashes make groups */
    double value;    /* written as float32 */
} TensorboardScalar;

typedef struct Tensorboard Tensorboard;
Tensorboard *tensorboard_open(const char *directory, guint64 step, GError **error);
/* Reaches the file at once. Values that are no finite number are left out. */
gboolean tensorboard_write(Tensorboard *board, guint64 step, const TensorboardScalar *scalars, gsize count, GError **error);
void tensorboard_free(Tensorboard *board);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Tensorboard, tensorboard_free)

guint32 crc32c(const void *data, gsize length);

#endif
