/* SPDX-License-Identifier: Apache-2.0
 * base/huge_pages.h: memory that is there to its end, and advice that changes nothing in it. */
#include "base/huge_pages.h"

#include <string.h>

static void test_memory_begins_at_a_page_and_can_be_written_to_its_end(void)
{
    static const gsize sizes[] = {0, 1, 4096, 2097151, 2097152, 2097153, 5000000};
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        char *memory = huge_pages_new(sizes[i]);
        g_assert_cmpuint((guintptr)memory % HUGE_PAGE, ==, 0);
        memset(memory, 0x5a, sizes[i]);
        g_assert_true(sizes[i] == 0 || memory[sizes[i] - 1] == 0x5a);
        huge_pages_free(memory);
    }
    huge_pages_free(NULL);
}

static void test_advice_leaves_what_lies_in_memory(void)
{
    gsize size = 3 * HUGE_PAGE;
    g_autofree guint8 *memory = g_malloc(size);
    for (gsize i = 0; i < size; i++)
        memory[i] = (guint8)(i * 7);
    huge_pages_advise(memory + 1, size - 2);
    huge_pages_advise(memory, 10);
    for (gsize i = 0; i < size; i++)
        g_assert_cmpint(memory[i], ==, (guint8)(i * 7));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/huge_pages/memory begins at a page and can be written to its end", test_memory_begins_at_a_page_and_can_be_written_to_its_end);
    g_test_add_func("/huge_pages/advice leaves what lies in memory", test_advice_leaves_what_lies_in_memory);
    return g_test_run();
}
