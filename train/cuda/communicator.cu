/* SPDX-License-Identifier: Apache-2.0
 * Ranks of the CUDA backend; see train/communicator.h. Alone, a rank only copies; several speak through NCCL
 * (nccl.cu). */
#include "train/cuda/communicator.cuh"

static void alone_sum(Communicator *communicator, void *values, gsize count, NumberType type)
{
}

static void alone_maximum(Communicator *communicator, wide *values, gsize count)
{
}

static void copy_where_apart(Communicator *communicator, void *to, const void *from, gsize count,
                             NumberType type)
{
    Backend *backend = static_cast<Backend *>(communicator->state);
    if (to != from && count)
        cuda_copy(backend, to, from, count * cuda_number_bytes(type));
}

static void alone_gather(Communicator *communicator, void *all, const void *mine, gsize count,
                         NumberType type)
{
    copy_where_apart(communicator, all, mine, count, type);
}

static void alone_scatter_sum(Communicator *communicator, void *mine, void *all, gsize count, NumberType type)
{
    copy_where_apart(communicator, mine, all, count, type);
}

static void refuse_message(Communicator *communicator)
{
    if (!communicator->failure)
        g_set_error(&communicator->failure, GALEN_ERROR, GALEN_ERROR_SYSTEM,
                    "a rank that is alone has nobody to send to");
}

static void alone_send(Communicator *communicator, const void *values, gsize count, NumberType type,
                       unsigned to, unsigned tag)
{
    refuse_message(communicator);
}

static void alone_receive(Communicator *communicator, void *values, gsize count, NumberType type,
                          unsigned from, unsigned tag)
{
    refuse_message(communicator);
}

static void alone_wait(Communicator *communicator)
{
}

static gsize alone_mark(Communicator *communicator)
{
    return 0;
}

static void alone_wait_until(Communicator *communicator, gsize mark)
{
}

static void alone_destroy(Communicator *communicator)
{
    g_clear_error(&communicator->failure);
    g_free(communicator);
}

Communicator *cuda_communicator_new(Backend *backend, Comm *comm, gboolean deferred, GError **error)
{
    if (comm_size(comm) > 1)
        return cuda_communicator_of_ranks(backend, comm, deferred, error);
    Communicator *communicator = g_new0(Communicator, 1);
    communicator->size = 1;
    communicator->state = backend;
    communicator->destroy = alone_destroy;
    communicator->sum = alone_sum;
    communicator->maximum = alone_maximum;
    communicator->gather = alone_gather;
    communicator->scatter_sum = alone_scatter_sum;
    communicator->send = alone_send;
    communicator->receive = alone_receive;
    communicator->wait = alone_wait;
    communicator->mark = alone_mark;
    communicator->wait_until = alone_wait_until;
    return communicator;
}
