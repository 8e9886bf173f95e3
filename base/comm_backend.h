/* SPDX-License-Identifier: Apache-2.0
 * base/comm_backend.h - what base/comm.c asks of an implementation of several ranks.
 *
 * configure links one file that defines comm_backend_open: base/comm_mpi.c or base/comm_none.c. The functions have the
 * meanings of base/comm.h and are called for communicators of two and more ranks only; sizes of zero reach none of them but
 * those that end in v.
 */
#ifndef BASE_COMM_BACKEND_H
#define BASE_COMM_BACKEND_H

#include "base/comm.h"

typedef struct CommBackend {
    gboolean (*barrier)(Comm *comm, GError **error);
    gboolean (*broadcast)(Comm *comm, void *data, gsize bytes, unsigned root, GError **error);
    gboolean (*all_reduce)(Comm *comm, void *numbers, gsize count, CommType type, CommOp op, GError **error);
    gboolean (*all_gather)(Comm *comm, const void *mine, gsize bytes, void *all, GError **error);
    gboolean (*all_to_allv)(Comm *comm, const void *out, const gsize *out_bytes, void *in, const gsize *in_bytes, GError **error);
    gboolean (*reduce_scatter)(Comm *comm, const void *numbers, gsize count, void *mine, CommType type, CommOp op, GError **error);
    gboolean (*send)(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error);
    gboolean (*post)(Comm *comm, const void *data, gsize bytes, unsigned to, unsigned tag, GError **error);
    gboolean (*flush)(Comm *comm, GError **error);
    gboolean (*receive)(Comm *comm, void *data, gsize bytes, unsigned from, unsigned tag, GError **error);
    Comm *(*split)(Comm *comm, unsigned colour, unsigned key, GError **error);
    void (*close)(Comm *comm); /* frees the handle */
    void (*abort)(Comm *comm, int status);
} CommBackend;

struct Comm {
    const CommBackend *backend;
    unsigned rank, size, local_size;
    char host[256];
    gpointer handle; /* the backend's own */
};

/* Called where a launcher seems to have started several processes. NULL with an error. */
Comm *comm_backend_open(GError **error);

#endif
