/* SPDX-License-Identifier: Apache-2.0
 * No MPI: no process of several; see base/comm_backend.h. */
#include "base/comm_backend.h"
#include "base/error.h"

Comm *comm_backend_open(GError **error)
{
    g_set_error(error, GALEN_ERROR, GALEN_ERROR_USAGE,
                "this galen was built without MPI and cannot be one of several processes; start it without mpirun or srun, or "
                "install libopenmpi-dev and build it again (configure --with-mpi)");
    return NULL;
}
