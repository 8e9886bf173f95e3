/* SPDX-License-Identifier: Apache-2.0
 * The backend of galen; see backend_open in train/ops.h. */
#include "train/ops.h"

Backend *backend_open(const BackendSettings *settings, Comm *world, GError **error)
{
    return backend_cpu_new(settings->threads);
}
