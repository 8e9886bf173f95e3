/* SPDX-License-Identifier: Apache-2.0
 * open - the backend of a rank, opened as galen-train opens it. Prints what it is; exits with the error's status. */
#include <stdio.h>

#include "base/comm.h"
#include "base/error.h"
#include "train/cuda/backend.h"

int main(void)
{
    g_autoptr(GError) error = NULL;
    Comm *world = comm_open(&error);
    const BackendSettings settings = {.threads = 1, .deterministic = TRUE};
    Backend *backend = error ? NULL : backend_open(&settings, world, &error);
    int status = backend ? 0 : galen_error_status(error);
    if (backend) {
        g_autofree char *device = backend_cuda_describe(backend);
        puts(device);
        backend->destroy(backend);
    } else {
        fprintf(stderr, "open: %s\n", error->message);
    }
    comm_close(world);
    return status;
}
