/* SPDX-License-Identifier: Apache-2.0
 * Bytes as a MEDLINE record: whatever they are, a document or a failure comes out. */
#include <stdint.h>

#include "tests/fuzz/fuzz_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_parse(&format_medline, data, size);
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "<PubmedArticle><MedlineCitation><PMID Version=\"2\">1</PMID><Article><Journal><JournalIssue><PubDate><MedlineDate>1998 "
    "Dec-1999 Jan</MedlineDate></PubDate></JournalIssue><Title>J</Title></Journal><ArticleTitle>[T].</ArticleTitle>"
    "<Abstract><AbstractText Label=\"AIM\">10<sup>3</sup> &lt; H<sub>2</sub>O &alpha;</AbstractText></Abstract>"
    "<Language>eng</Language><PublicationTypeList><PublicationType>Review</PublicationType></PublicationTypeList></Article>"
    "<MeshHeadingList><MeshHeading><DescriptorName>Heart</DescriptorName></MeshHeading></MeshHeadingList>"
    "<CommentsCorrectionsList><CommentsCorrections RefType=\"RetractionIn\"><PMID>2</PMID></CommentsCorrections>"
    "</CommentsCorrectionsList></MedlineCitation><PubmedData><ArticleIdList><ArticleId IdType=\"pmc\">PMC1</ArticleId>"
    "</ArticleIdList></PubmedData></PubmedArticle>",
    "<DeleteCitation><PMID>1</PMID><PMID>2</PMID></DeleteCitation>",
    "<PubmedBookArticle><BookDocument><PMID>3</PMID><Book><BookTitle>B</BookTitle></Book><Abstract><AbstractText>x"
    "<mml:math xmlns:mml=\"m\"><mml:mfrac><mml:mi>a</mml:mi><mml:mi>b</mml:mi></mml:mfrac></mml:math></AbstractText>"
    "</Abstract></BookDocument></PubmedBookArticle>",
    "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><!DOCTYPE a [<!ENTITY e \"x\">]><PubmedArticle>&e;</PubmedArticle>",
    NULL,
};
