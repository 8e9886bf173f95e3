/* SPDX-License-Identifier: Apache-2.0
 * Bytes as a JSON line: whatever they are, a document or a failure comes out. */
#include <stdint.h>

#include "tests/fuzz/fuzz_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_parse(&format_jsonl, data, size);
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "{\"text\":\"a\\r\\nb \\u00e9\\ud83d\\ude00\",\"meta\":{\"b\":[1,2.5,null],\"a\":\"x\"}}",
    "{\"id\":18446744073709551615,\"text\":\"x\",\"title\":\"t\",\"url\":\"u\",\"licence\":\"l\",\"date\":\"2020-01-02\",\"language\":\"en\"}",
    "{\"id\":\"k\",\"text\":\"y\",\"metadata\":{},\"created\":\"1999\"}",
    "[{\"text\":[]}]",
    NULL,
};
