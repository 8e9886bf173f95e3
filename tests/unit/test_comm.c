/* SPDX-License-Identifier: Apache-2.0
 * What ranks tell each other. Run by itself it is a job of one rank; tests/mpi.test runs it under mpirun, where each rank
 * checks what it got against what follows from ranks and sizes. */
#include "base/comm.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static Comm *comm; /* of the whole job */

/* Lengths and contents that any rank can work out for any other. */
static gsize length_from(unsigned from, unsigned to)
{
    return (from * 7 + to * 13) % 5 * 1000;
}

static guint8 byte_from(unsigned from, unsigned to, gsize at)
{
    return (guint8)(from * 31 + to * 17 + at);
}

static void test_a_process_by_itself_is_a_job_of_one_rank(void)
{
    g_autoptr(GError) error = NULL;
    int number = 7, copy = 0;
    gsize bytes = sizeof number;
    Comm *part = GINT_TO_POINTER(1);
    g_assert_cmpuint(comm_rank(NULL), ==, 0);
    g_assert_cmpuint(comm_size(NULL), ==, 1);
    g_assert_cmpuint(comm_local_size(NULL), ==, 1);
    g_assert_true(comm_barrier(NULL, &error) && comm_broadcast(NULL, &number, sizeof number, 0, &error));
    g_assert_true(comm_all_gatherv(NULL, &number, &bytes, &copy, &error));
    g_assert_cmpint(copy, ==, 7);
    copy = 0;
    g_assert_true(comm_all_to_allv(NULL, &number, &bytes, &copy, &bytes, &error));
    g_assert_cmpint(copy, ==, 7);
    g_assert_true(comm_split(NULL, 1, 0, &part, &error));
    g_assert_null(part);
    g_assert_no_error(error);
    g_assert_false(comm_send(NULL, &number, sizeof number, 0, 0, &error));
    g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
    comm_abort(NULL, 4);
}

static void test_a_broadcast_reaches_all_ranks(void)
{
    g_autoptr(GError) error = NULL;
    for (unsigned root = 0; root < comm_size(comm); root++) {
        char text[32] = "nothing";
        if (comm_rank(comm) == root)
            g_snprintf(text, sizeof text, "from %u", root);
        comm_broadcast(comm, text, sizeof text, root, &error);
        g_assert_no_error(error);
        g_autofree char *expected = g_strdup_printf("from %u", root);
        g_assert_cmpstr(text, ==, expected);
    }
}

static void test_numbers_are_added_up_and_compared(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm);
    guint64 sums[1000], highest = rank;
    guint32 lowest = rank + 5;
    float half = 0.5f;
    for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++)
        sums[i] = (guint64)rank + i + ((guint64)1 << 40);
    g_assert_true(comm_all_reduce(comm, sums, G_N_ELEMENTS(sums), COMM_U64, COMM_SUM, &error) &&
                  comm_all_reduce(comm, &highest, 1, COMM_U64, COMM_MAX, &error) &&
                  comm_all_reduce(comm, &lowest, 1, COMM_U32, COMM_MIN, &error) &&
                  comm_all_reduce(comm, &half, 1, COMM_FLOAT, COMM_SUM, &error));
    g_assert_no_error(error);
    for (unsigned i = 0; i < G_N_ELEMENTS(sums); i++)
        g_assert_cmpuint(sums[i], ==, (guint64)size * (size - 1) / 2 + size * (i + ((guint64)1 << 40)));
    g_assert_cmpuint(highest, ==, size - 1);
    g_assert_cmpuint(lowest, ==, 5);
    g_assert_cmpfloat(half, ==, 0.5f * (float)size);
}

static void test_a_reduced_sum_is_scattered_in_parts(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm);
    enum { PART = 300 };
    g_autofree double *numbers = g_new(double, size * PART);
    double mine[PART];
    for (unsigned i = 0; i < size * PART; i++)
        numbers[i] = rank + i;
    comm_reduce_scatter(comm, numbers, PART, mine, COMM_DOUBLE, COMM_SUM, &error);
    g_assert_no_error(error);
    for (unsigned i = 0; i < PART; i++)
        g_assert_cmpfloat(mine[i], ==, size * (rank * PART + i) + size * (size - 1) / 2.0);
}

static void test_gathers_put_parts_in_order_of_ranks(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm);
    g_autofree gsize *sizes = g_new(gsize, size);
    gsize length = length_from(rank, 0), all = 0;
    comm_all_gather(comm, &length, sizeof length, sizes, &error);
    g_assert_no_error(error);
    for (unsigned from = 0; from < size; from++) {
        g_assert_cmpuint(sizes[from], ==, length_from(from, 0));
        all += sizes[from];
    }
    g_autofree guint8 *mine = g_malloc(length + 1), *gathered = g_malloc(all + 1);
    for (gsize i = 0; i < length; i++)
        mine[i] = byte_from(rank, 0, i);
    comm_all_gatherv(comm, mine, sizes, gathered, &error);
    g_assert_no_error(error);
    gsize place = 0;
    for (unsigned from = 0; from < size; from++) {
        for (gsize i = 0; i < sizes[from]; i++)
            g_assert_cmpuint(gathered[place++], ==, byte_from(from, 0, i));
    }
}

static void test_everybody_sends_everybody_another_length(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm);
    g_autofree gsize *out_bytes = g_new(gsize, size), *in_bytes = g_new(gsize, size);
    gsize all = 0, place = 0;
    for (unsigned to = 0; to < size; to++)
        all += out_bytes[to] = length_from(rank, to);
    g_autofree guint8 *out = g_malloc(all + 1);
    for (unsigned to = 0; to < size; to++) {
        for (gsize i = 0; i < out_bytes[to]; i++)
            out[place++] = byte_from(rank, to, i);
    }
    comm_all_to_all(comm, out_bytes, sizeof out_bytes[0], in_bytes, &error);
    g_assert_no_error(error);
    all = 0;
    for (unsigned from = 0; from < size; from++) {
        g_assert_cmpuint(in_bytes[from], ==, length_from(from, rank));
        all += in_bytes[from];
    }
    g_autofree guint8 *in = g_malloc(all + 1);
    comm_all_to_allv(comm, out, out_bytes, in, in_bytes, &error);
    g_assert_no_error(error);
    place = 0;
    for (unsigned from = 0; from < size; from++) {
        for (gsize i = 0; i < in_bytes[from]; i++)
            g_assert_cmpuint(in[place++], ==, byte_from(from, rank, i));
    }
}

static void test_messages_of_a_pair_arrive_in_order_and_whole(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm);
    g_autofree guint8 *data = g_malloc0(100000);
    for (unsigned message = 1; rank > 0 && message <= 3; message++) {
        memset(data, (int)(rank * 10 + message), 100000);
        g_assert_true(comm_send(comm, data, message * 30000, 0, 5, &error));
    }
    for (unsigned from = 1; rank == 0 && from < size; from++) {
        for (unsigned message = 1; message <= 3; message++) {
            comm_receive(comm, data, message * 30000, from, 5, &error);
            g_assert_no_error(error);
            g_assert_cmpuint(data[0], ==, from * 10 + message);
            g_assert_cmpuint(data[message * 30000 - 1], ==, from * 10 + message);
        }
    }
}

static void test_a_message_of_another_length_is_an_error(void)
{
    g_autoptr(GError) error = NULL;
    char data[100] = {0};
    if (comm_size(comm) == 1) {
        g_test_skip("this is one rank; tests/mpi.test runs several");
        return;
    }
    if (comm_rank(comm) == 1)
        comm_send(comm, data, 50, 0, 6, &error);
    g_assert_no_error(error);
    if (comm_rank(comm) == 0) {
        g_assert_false(comm_receive(comm, data, 60, 1, 6, &error));
        g_assert_error(error, GALEN_ERROR, GALEN_ERROR_SYSTEM);
        g_assert_nonnull(strstr(error->message, "rank 1 sent 50 bytes instead of 60"));
    }
}

static void test_a_split_leaves_those_of_one_colour_in_order_of_keys(void)
{
    g_autoptr(GError) error = NULL;
    unsigned size = comm_size(comm), rank = comm_rank(comm), others = 0, below = 0;
    g_autoptr(Comm) part = NULL;
    comm_split(comm, rank % 2, size - rank, &part, &error);
    g_assert_no_error(error);
    for (unsigned other = rank % 2; other < size; other += 2) {
        others++;
        below += other > rank;
    }
    g_assert_cmpuint(comm_size(part), ==, others);
    g_assert_cmpuint(comm_rank(part), ==, below);
    guint32 sum = rank;
    comm_all_reduce(part, &sum, 1, COMM_U32, COMM_SUM, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(sum, ==, rank % 2 ? others * others : others * (others - 1));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_autoptr(GError) error = NULL;
    comm = comm_open(&error);
    g_assert_no_error(error);
    g_test_add_func("/comm/a process by itself is a job of one rank", test_a_process_by_itself_is_a_job_of_one_rank);
    g_test_add_func("/comm/a broadcast reaches all ranks", test_a_broadcast_reaches_all_ranks);
    g_test_add_func("/comm/numbers are added up and compared", test_numbers_are_added_up_and_compared);
    g_test_add_func("/comm/a reduced sum is scattered in parts", test_a_reduced_sum_is_scattered_in_parts);
    g_test_add_func("/comm/gathers put parts in order of ranks", test_gathers_put_parts_in_order_of_ranks);
    g_test_add_func("/comm/everybody sends everybody another length", test_everybody_sends_everybody_another_length);
    g_test_add_func("/comm/messages of a pair arrive in order and whole", test_messages_of_a_pair_arrive_in_order_and_whole);
    g_test_add_func("/comm/a message of another length is an error", test_a_message_of_another_length_is_an_error);
    g_test_add_func("/comm/a split leaves those of one colour in order of keys", test_a_split_leaves_those_of_one_colour_in_order_of_keys);
    int status = g_test_run();
    comm_close(comm);
    return status;
}
