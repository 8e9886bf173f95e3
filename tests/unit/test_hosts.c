/* SPDX-License-Identifier: Apache-2.0
 * scrapers/fetch/hosts.h: one request at a time, pauses that last, and turns. */
#include "scrapers/fetch/hosts.h"

#define HOST "a.example"
#define MILLISECOND (G_USEC_PER_SEC / 1000)

static void count_wake(gpointer counter)
{
    (*(int *)counter)++;
}

static int woken[2];

typedef struct Pair {
    Hosts *hosts;
    HostsUser *one, *other;
} Pair;

static Pair pair_new(void)
{
    Pair pair = {.hosts = hosts_new()};
    woken[0] = woken[1] = 0;
    pair.one = hosts_join(pair.hosts, count_wake, &woken[0]);
    pair.other = hosts_join(pair.hosts, count_wake, &woken[1]);
    return pair;
}

static void pair_free(Pair *pair)
{
    hosts_leave(pair->one);
    hosts_leave(pair->other);
    hosts_free(pair->hosts);
}

static void assert_due_in(gint64 when, double seconds)
{
    double left = (double)(when - g_get_monotonic_time()) / G_USEC_PER_SEC;
    g_assert_cmpfloat(left, <=, seconds + 1); /* there may be courtesy in it */
    g_assert_cmpfloat(left, >, seconds - 5);
}

static void test_a_host_is_one_users_until_it_is_given_back(void)
{
    Pair pair = pair_new();
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), ==, G_MAXINT64);
    g_assert_cmpint(hosts_try(pair.other, "b.example", 0), ==, 0);
    g_assert_cmpint(woken[1], ==, 0);
    hosts_give_back(pair.one, HOST, TRUE, 0);
    g_assert_cmpint(woken[1], ==, 1);
    g_assert_cmpint(woken[0], ==, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), ==, 0);
    pair_free(&pair);
}

static void test_pauses_are_the_hosts_and_the_longest_counts(void)
{
    Pair pair = pair_new();
    g_assert_cmpint(hosts_try(pair.one, HOST, 100), ==, 0);
    hosts_give_back(pair.one, HOST, TRUE, 0);
    assert_due_in(hosts_try(pair.one, HOST, 100), 100);
    assert_due_in(hosts_try(pair.other, HOST, 200), 200); /* of another source, which is slower */
    hosts_slow_down(pair.other, HOST, 300);
    assert_due_in(hosts_try(pair.one, HOST, 100), 300);
    /* A rest counts for whoever wants the host next. */
    g_assert_cmpint(hosts_try(pair.one, "b.example", 0), ==, 0);
    hosts_give_back(pair.one, "b.example", TRUE, 400);
    assert_due_in(hosts_try(pair.other, "b.example", 0), 400);
    /* Nothing was asked: nothing to wait for. */
    g_assert_cmpint(hosts_try(pair.one, "c.example", 100), ==, 0);
    hosts_give_back(pair.one, "c.example", FALSE, 0);
    g_assert_cmpint(hosts_try(pair.one, "c.example", 100), ==, 0);
    pair_free(&pair);
}

static void test_who_had_a_host_last_lets_the_other_go_first(void)
{
    Pair pair = pair_new();
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), ==, G_MAXINT64);
    hosts_give_back(pair.one, HOST, TRUE, 0);
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), >, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), ==, 0);
    hosts_give_back(pair.other, HOST, TRUE, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), >, 0);
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    pair_free(&pair);
}

static void test_courtesy_ends_when_the_other_does_not_come(void)
{
    Pair pair = pair_new();
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    g_assert_cmpint(hosts_try(pair.other, HOST, 0), ==, G_MAXINT64);
    hosts_give_back(pair.one, HOST, TRUE, 0);
    gint64 when = hosts_try(pair.one, HOST, 0);
    g_assert_cmpint(when, >, 0);
    g_usleep((gulong)MAX(when - g_get_monotonic_time(), 0) + MILLISECOND);
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    hosts_give_back(pair.one, HOST, TRUE, 0);
    /* And is not shown again to who has not asked again. */
    g_assert_cmpint(hosts_try(pair.one, HOST, 0), ==, 0);
    pair_free(&pair);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hosts/a host is one user's until it is given back",
                    test_a_host_is_one_users_until_it_is_given_back);
    g_test_add_func("/hosts/pauses are the host's, and the longest counts",
                    test_pauses_are_the_hosts_and_the_longest_counts);
    g_test_add_func("/hosts/who had a host last lets the other go first",
                    test_who_had_a_host_last_lets_the_other_go_first);
    g_test_add_func("/hosts/courtesy ends when the other does not come",
                    test_courtesy_ends_when_the_other_does_not_come);
    return g_test_run();
}
