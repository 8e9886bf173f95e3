/* SPDX-License-Identifier: Apache-2.0
 * store/export/output.h - one file of an export: written in one go, hashed on the way, there whole or not at all.
 *
 * Sequence: o = output_open(path, OUTPUT_PLAIN, e); output_write(o, data, length, e) as often as needed;
 * output_finish(o, e); output_name, output_bytes, output_digest; output_free(o). Until output_finish the bytes lie in
 * PATH.part, which a second writer finds locked; output_free without output_finish removes it, and one that a kill left
 * behind is overwritten by the next run. OUTPUT_ZSTD writes one zstd frame with a checksum, by the same bytes every time.
 */
#ifndef STORE_EXPORT_OUTPUT_H
#define STORE_EXPORT_OUTPUT_H

#include <glib.h>

#include "base/hash.h"

typedef enum { OUTPUT_PLAIN, OUTPUT_ZSTD } OutputForm;

typedef struct Output Output;
Output *output_open(const char *path, OutputForm form, GError **error);
gboolean output_write(Output *output, const void *data, gsize length, GError **error);
gboolean output_u32(Output *output, guint32 value, GError **error); /* little-endian */
gboolean output_u64(Output *output, guint64 value, GError **error); /* little-endian */
gboolean output_finish(Output *output, GError **error);
const char *output_path(const Output *output);
guint64 output_bytes(const Output *output);        /* on disk, after output_finish */
const Sha256 *output_digest(const Output *output); /* of these, after output_finish */
void output_free(Output *output);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Output, output_free)

#endif
