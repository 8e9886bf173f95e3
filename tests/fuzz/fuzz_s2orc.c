/* SPDX-License-Identifier: Apache-2.0
 * Bytes as an S2ORC line, in either shape and as the original program read it: whatever they are, a document or a failure
 * comes out. */
#include <stdint.h>

#include "tests/fuzz/fuzz_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_parse_as(&format_s2orc, "meditron", data, size);
    return fuzz_parse(&format_s2orc, data, size);
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "{\"corpusid\":1,\"externalids\":{\"pubmedcentral\":\"9\"},\"content\":{\"text\":\"T\\u00e9 abc (A 1) Fig. 1 x=1 Figure 1 cap One Ash\","
    "\"annotations\":{\"title\":\"[{\\\"start\\\":0,\\\"end\\\":2}]\",\"paragraph\":\"[{\\\"start\\\":3,\\\"end\\\":24}]\",\"bibref\":"
    "\"[{\\\"attributes\\\":{\\\"ref_id\\\":\\\"b0\\\"},\\\"start\\\":7,\\\"end\\\":12}]\",\"figureref\":\"[{\\\"attributes\\\":{\\\"ref_id\\\":"
    "\\\"f0\\\"},\\\"start\\\":13,\\\"end\\\":19}]\",\"formula\":\"[{\\\"start\\\":20,\\\"end\\\":23}]\",\"figure\":\"[{\\\"attributes\\\":"
    "{\\\"id\\\":\\\"f0\\\"},\\\"start\\\":24,\\\"end\\\":36}]\",\"figurecaption\":\"[{\\\"start\\\":33,\\\"end\\\":36}]\",\"bibentry\":"
    "\"[{\\\"attributes\\\":{\\\"id\\\":\\\"b0\\\"},\\\"start\\\":37,\\\"end\\\":44}]\",\"bibtitle\":\"[{\\\"start\\\":37,\\\"end\\\":40}]\","
    "\"bibauthorlastname\":\"[{\\\"start\\\":41,\\\"end\\\":44}]\",\"venue\":null}}}",
    "{\"paper_id\":\"1\",\"title\":\"T\",\"pdf_parse\":{\"abstract\":[{\"text\":\"A\"}],\"body_text\":[{\"section\":\"S\",\"sec_num\":\"1.2\",\"text\":"
    "\"ab [1] Fig 1 eq\",\"cite_spans\":[{\"start\":3,\"end\":6,\"ref_id\":\"B\"}],\"ref_spans\":[{\"start\":7,\"end\":12,\"ref_id\":\"F\"}],"
    "\"eq_spans\":[{\"start\":13,\"end\":15,\"latex\":\"x\"}]}],\"bib_entries\":{\"B\":{\"title\":\"t\",\"authors\":[{\"last\":\"l\"}]}},"
    "\"ref_entries\":{\"F\":{\"text\":\"c\",\"type\":\"figure\"}}}}",
    "{\"content\":{\"text\":\"Intro\\nab (A 1) cd. X Fig. 1 e\\nf\\nFigure 1 :\\n1Cap of. it\\nOne two, Ash\",\"annotations\":{\"authorfirstname\":null,"
    "\"authorlastname\":\"[{\\\"start\\\":19,\\\"end\\\":20}]\",\"authoraffiliation\":null,\"bibentry\":\"[{\\\"attributes\\\":{\\\"id\\\":\\\"b0"
    "\\\"},\\\"start\\\":56,\\\"end\\\":68}]\",\"formula\":\"[{\\\"start\\\":30,\\\"end\\\":31}]\",\"sectionheader\":\"[{\\\"start\\\":0,\\\"end\\\":5}]\","
    "\"bibref\":\"[{\\\"attributes\\\":{\\\"ref_id\\\":\\\"b0\\\"},\\\"start\\\":10,\\\"end\\\":13}]\",\"figureref\":\"[{\\\"attributes\\\":{\\\"ref_id\\\":"
    "\\\"fig_0\\\"},\\\"start\\\":21,\\\"end\\\":27}]\",\"tableref\":null,\"figure\":\"[{\\\"attributes\\\":{\\\"id\\\":\\\"fig_0\\\"},\\\"start\\\":31,\\\"end\\\":"
    "55}]\",\"figurecaption\":\"[{\\\"start\\\":45,\\\"end\\\":55}]\",\"bibtitle\":\"[{\\\"start\\\":56,\\\"end\\\":63}]\",\"bibauthorlastname\":"
    "\"[{\\\"start\\\":65,\\\"end\\\":68}]\",\"abstract\":null}}}",
    NULL,
};
