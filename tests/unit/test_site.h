/* SPDX-License-Identifier: Apache-2.0
 * tests/unit/test_site.h - a small web site on loopback, with every bad habit that a crawler meets.
 *
 * test_site_start forks a server (so that the test itself stays single-threaded and may fork too); it serves until
 * test_site_stop. `robots`: the text of robots.txt; NULL: 404; "500": status 500.
 */
#ifndef TESTS_UNIT_TEST_SITE_H
#define TESTS_UNIT_TEST_SITE_H

#include <glib.h>

#define TEST_SITE_BOMB_BYTES (8 * 1024 * 1024) /* what /bomb's few kilobytes decode to */

typedef struct TestSite {
    int port;
    GPid process;
} TestSite;

TestSite test_site_start(const char *robots);
TestSite test_site_start_at(int port, const char *robots); /* 0: any that is free */
void test_site_stop(TestSite *site);

#endif
