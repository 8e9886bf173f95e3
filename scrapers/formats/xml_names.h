/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/xml_names.h - the names of elements and attributes that readers of XML ask for, as numbers.
 *
 * A name is looked up once, when its tag is read; after that names are compared and dispatched on as numbers. A name that
 * is not listed is XML_UNKNOWN, and the node still has it as text (xml_tree.h). Names are local names: prefixes of
 * namespaces are left off, so that mml:math, m:math and math are all XML_MATH.
 */
#ifndef SCRAPERS_FORMATS_XML_NAMES_H
#define SCRAPERS_FORMATS_XML_NAMES_H

#include <glib.h>

/* clang-format off */
#define XML_NAME_LIST(name)                                                                                            \
    /* JATS (ANSI/NISO Z39.96-2021) and its ancestors, NLM 1.0 to 3.0 */                                               \
    name(ABBREV, "abbrev") name(ABBREV_JOURNAL_TITLE, "abbrev-journal-title") name(ABSTRACT, "abstract")               \
    name(ACCESS_DATE, "access-date") name(ACK, "ack") name(ADDR_LINE, "addr-line") name(ADDRESS, "address")            \
    name(AFF, "aff") name(AFF_ALTERNATIVES, "aff-alternatives") name(ALT_TEXT, "alt-text")                             \
    name(ALT_TITLE, "alt-title") name(ALTERNATIVES, "alternatives") name(ANNOTATION, "annotation")                     \
    name(ANONYMOUS, "anonymous") name(ANSWER, "answer") name(ANSWER_SET, "answer-set") name(APP, "app")                \
    name(APP_GROUP, "app-group") name(ARRAY, "array") name(ARTICLE, "article")                                         \
    name(ARTICLE_CATEGORIES, "article-categories") name(ARTICLE_ID, "article-id") name(ARTICLE_META, "article-meta")   \
    name(ARTICLE_TITLE, "article-title") name(ARTICLE_VERSION, "article-version")                                      \
    name(ARTICLE_VERSION_ALTERNATIVES, "article-version-alternatives") name(ATTRIB, "attrib")                          \
    name(AUTHOR_COMMENT, "author-comment") name(AUTHOR_NOTES, "author-notes") name(AWARD_DESC, "award-desc")           \
    name(AWARD_GROUP, "award-group") name(AWARD_ID, "award-id") name(AWARD_NAME, "award-name") name(BACK, "back")      \
    name(BIO, "bio") name(BLOCK_ALTERNATIVES, "block-alternatives") name(BODY, "body") name(BOLD, "bold")              \
    name(BOXED_TEXT, "boxed-text") name(BREAK, "break") name(CAPTION, "caption")                                       \
    name(CHAPTER_TITLE, "chapter-title") name(CHEM_STRUCT, "chem-struct") name(CHEM_STRUCT_WRAP, "chem-struct-wrap")   \
    name(CITATION, "citation") name(CITATION_ALTERNATIVES, "citation-alternatives") name(CITY, "city")                 \
    name(CODE, "code") name(COL, "col") name(COLGROUP, "colgroup") name(COLLAB, "collab")                              \
    name(COLLAB_ALTERNATIVES, "collab-alternatives") name(COLLAB_NAME, "collab-name")                                  \
    name(COLLAB_NAME_ALTERNATIVES, "collab-name-alternatives") name(COMMENT, "comment")                                \
    name(COMPOUND_KWD, "compound-kwd") name(COMPOUND_KWD_PART, "compound-kwd-part")                                    \
    name(COMPOUND_SUBJECT, "compound-subject") name(COMPOUND_SUBJECT_PART, "compound-subject-part")                    \
    name(CONF_ACRONYM, "conf-acronym") name(CONF_DATE, "conf-date") name(CONF_LOC, "conf-loc")                         \
    name(CONF_NAME, "conf-name") name(CONF_NUM, "conf-num") name(CONF_SPONSOR, "conf-sponsor")                         \
    name(CONF_THEME, "conf-theme") name(CONFERENCE, "conference") name(CONTRACT_NUM, "contract-num")                   \
    name(CONTRACT_SPONSOR, "contract-sponsor") name(CONTRIB, "contrib") name(CONTRIB_GROUP, "contrib-group")           \
    name(CONTRIB_ID, "contrib-id") name(CONTRIBUTED_RESOURCE_GROUP, "contributed-resource-group")                      \
    name(COPYRIGHT_HOLDER, "copyright-holder") name(COPYRIGHT_STATEMENT, "copyright-statement")                        \
    name(COPYRIGHT_YEAR, "copyright-year") name(CORRESP, "corresp") name(COUNT, "count") name(COUNTRY, "country")      \
    name(COUNTS, "counts") name(CUSTOM_META, "custom-meta") name(CUSTOM_META_GROUP, "custom-meta-group")               \
    name(CUSTOM_META_WRAP, "custom-meta-wrap") name(DATA_TITLE, "data-title") name(DATE, "date")                       \
    name(DATE_IN_CITATION, "date-in-citation") name(DAY, "day") name(DEF, "def") name(DEF_HEAD, "def-head")            \
    name(DEF_ITEM, "def-item") name(DEF_LIST, "def-list") name(DEGREES, "degrees")                                     \
    name(DISP_FORMULA, "disp-formula") name(DISP_FORMULA_GROUP, "disp-formula-group") name(DISP_QUOTE, "disp-quote")   \
    name(EDITION, "edition") name(ELEMENT_CITATION, "element-citation") name(ELOCATION_ID, "elocation-id")             \
    name(EMAIL, "email") name(ERA, "era") name(EQUATION_COUNT, "equation-count") name(ETAL, "etal")                    \
    name(EVENT, "event") name(EVENT_DESC, "event-desc") name(EXPLANATION, "explanation") name(EXT_LINK, "ext-link") name(EXT_LINK_TYPE, "ext-link-type") name(EVENT_TYPE, "event-type") name(PUBLICATION_FORMAT, "publication-format")    \
    name(EXTENDED_BY, "extended-by") name(FAX, "fax") name(FIG, "fig") name(FIG_COUNT, "fig-count")                    \
    name(FIG_GROUP, "fig-group") name(FIXED_CASE, "fixed-case") name(FLOATS_GROUP, "floats-group")                     \
    name(FLOATS_WRAP, "floats-wrap") name(FN, "fn") name(FN_GROUP, "fn-group") name(FPAGE, "fpage")                    \
    name(FREE_TO_READ, "free_to_read") name(FRONT, "front") name(FRONT_STUB, "front-stub")                             \
    name(FUNDING_GROUP, "funding-group") name(FUNDING_SOURCE, "funding-source")                                        \
    name(FUNDING_STATEMENT, "funding-statement") name(GIVEN_NAMES, "given-names") name(GLOSSARY, "glossary")           \
    name(GLYPH_DATA, "glyph-data") name(GLYPH_REF, "glyph-ref") name(GOV, "gov") name(GRANT_NUM, "grant-num")          \
    name(GRANT_SPONSOR, "grant-sponsor") name(GRAPHIC, "graphic") name(HISTORY, "history") name(HR, "hr")              \
    name(INDEX_TERM, "index-term") name(INDEX_TERM_RANGE_END, "index-term-range-end")                                  \
    name(INLINE_FORMULA, "inline-formula") name(INLINE_GRAPHIC, "inline-graphic") name(INLINE_MEDIA, "inline-media")   \
    name(INLINE_SUPPLEMENTARY_MATERIAL, "inline-supplementary-material") name(INSTITUTION, "institution")              \
    name(INSTITUTION_ID, "institution-id") name(INSTITUTION_WRAP, "institution-wrap") name(ISBN, "isbn")               \
    name(ISSN, "issn") name(ISSN_L, "issn-l") name(ISSUE, "issue") name(ISSUE_ID, "issue-id")                          \
    name(ISSUE_PART, "issue-part") name(ISSUE_SPONSOR, "issue-sponsor") name(ISSUE_SUBTITLE, "issue-subtitle")         \
    name(ISSUE_TITLE, "issue-title") name(ISSUE_TITLE_GROUP, "issue-title-group") name(ITALIC, "italic")               \
    name(JOURNAL_ID, "journal-id") name(JOURNAL_META, "journal-meta") name(JOURNAL_SUBTITLE, "journal-subtitle")       \
    name(JOURNAL_TITLE, "journal-title") name(JOURNAL_TITLE_GROUP, "journal-title-group") name(KWD, "kwd")             \
    name(KWD_GROUP, "kwd-group") name(LABEL, "label") name(LICENSE, "license") name(LICENSE_P, "license-p")            \
    name(LICENSE_REF, "license_ref") name(LICENSE_DASH_REF, "license-ref") name(LIST, "list")                          \
    name(LIST_ITEM, "list-item") name(LONG_DESC, "long-desc") name(LPAGE, "lpage") name(MEDIA, "media")                \
    name(META_NAME, "meta-name") name(META_VALUE, "meta-value") name(MILESTONE_END, "milestone-end")                   \
    name(MILESTONE_START, "milestone-start") name(MIXED_CITATION, "mixed-citation") name(MONOSPACE, "monospace")       \
    name(MONTH, "month") name(NAME, "name") name(NAME_ALTERNATIVES, "name-alternatives")                               \
    name(NAMED_CONTENT, "named-content") name(NESTED_KWD, "nested-kwd") name(NLM_CITATION, "nlm-citation")             \
    name(NOTE, "note") name(NOTES, "notes") name(OBJECT_ID, "object-id") name(ON_BEHALF_OF, "on-behalf-of")            \
    name(OPEN_ACCESS, "open-access") name(OPTION, "option") name(OVERLINE, "overline")                                 \
    name(OVERLINE_END, "overline-end") name(OVERLINE_START, "overline-start") name(P, "p")                             \
    name(PAGE_COUNT, "page-count") name(PAGE_RANGE, "page-range") name(PART_TITLE, "part-title")                       \
    name(PATENT, "patent") name(PERMISSIONS, "permissions") name(PERSON_GROUP, "person-group") name(PHONE, "phone")    \
    name(POSTAL_CODE, "postal-code") name(PREFIX, "prefix") name(PREFORMAT, "preformat") name(PRICE, "price")          \
    name(PRINCIPAL_AWARD_RECIPIENT, "principal-award-recipient")                                                       \
    name(PRINCIPAL_INVESTIGATOR, "principal-investigator") name(PRIVATE_CHAR, "private-char")                          \
    name(PROCESSING_META, "processing-meta") name(PRODUCT, "product") name(PUB_DATE, "pub-date")                       \
    name(PUB_DATE_NOT_AVAILABLE, "pub-date-not-available") name(PUB_HISTORY, "pub-history") name(PUB_ID, "pub-id")     \
    name(PUBLISHER, "publisher") name(PUBLISHER_LOC, "publisher-loc") name(PUBLISHER_NAME, "publisher-name")           \
    name(QUESTION, "question") name(QUESTION_PREAMBLE, "question-preamble") name(QUESTION_WRAP, "question-wrap")       \
    name(QUESTION_WRAP_GROUP, "question-wrap-group") name(RB, "rb") name(REF, "ref") name(REF_COUNT, "ref-count")      \
    name(REF_LIST, "ref-list") name(RELATED_ARTICLE, "related-article") name(RELATED_OBJECT, "related-object")         \
    name(RESOURCE_GROUP, "resource-group") name(RESOURCE_ID, "resource-id") name(RESOURCE_NAME, "resource-name")       \
    name(RESOURCE_WRAP, "resource-wrap") name(RESPONSE, "response") name(RESTRICTED_BY, "restricted-by")               \
    name(ROLE, "role") name(ROMAN, "roman") name(RP, "rp") name(RT, "rt") name(RUBY, "ruby")                           \
    name(SANS_SERIF, "sans-serif") name(SC, "sc") name(SEASON, "season") name(SEC, "sec") name(SEC_META, "sec-meta")   \
    name(SEE, "see") name(SEE_ALSO, "see-also") name(SELF_URI, "self-uri") name(SERIES, "series")                      \
    name(SERIES_TEXT, "series-text") name(SERIES_TITLE, "series-title") name(SIG, "sig")                               \
    name(SIG_BLOCK, "sig-block") name(SIZE, "size") name(SOURCE, "source") name(SOURCE_TITLE, "source-title") name(SPEAKER, "speaker")                    \
    name(SPEECH, "speech") name(STATE, "state") name(STATEMENT, "statement") name(STD, "std")                          \
    name(STD_ORGANIZATION, "std-organization") name(STRIKE, "strike") name(STRING_CONF, "string-conf")                 \
    name(STRING_DATE, "string-date") name(STRING_NAME, "string-name") name(STYLED_CONTENT, "styled-content")           \
    name(SUB, "sub") name(SUB_ARTICLE, "sub-article") name(SUBJ_GROUP, "subj-group") name(SUBJECT, "subject")          \
    name(SUBTITLE, "subtitle") name(SUFFIX, "suffix") name(SUP, "sup") name(SUPPLEMENT, "supplement")                  \
    name(SUPPLEMENTARY_MATERIAL, "supplementary-material") name(SUPPORT_DESCRIPTION, "support-description")            \
    name(SUPPORT_GROUP, "support-group") name(SUPPORT_SOURCE, "support-source") name(SURNAME, "surname")               \
    name(TABLE, "table") name(TABLE_COUNT, "table-count") name(TABLE_WRAP, "table-wrap")                               \
    name(TABLE_WRAP_FOOT, "table-wrap-foot") name(TABLE_WRAP_GROUP, "table-wrap-group") name(TARGET, "target")         \
    name(TBODY, "tbody") name(TD, "td") name(TERM, "term") name(TERM_HEAD, "term-head") name(TEX_MATH, "tex-math")     \
    name(TEXTUAL_FORM, "textual-form") name(TFOOT, "tfoot") name(TH, "th") name(THEAD, "thead")                        \
    name(TIME_STAMP, "time-stamp") name(TITLE, "title") name(TITLE_GROUP, "title-group") name(TR, "tr")                \
    name(TRANS_ABSTRACT, "trans-abstract") name(TRANS_SOURCE, "trans-source") name(TRANS_SUBTITLE, "trans-subtitle")   \
    name(TRANS_TITLE, "trans-title") name(TRANS_TITLE_GROUP, "trans-title-group") name(UNDERLINE, "underline")         \
    name(UNDERLINE_END, "underline-end") name(UNDERLINE_START, "underline-start")                                      \
    name(UNSTRUCTURED_KWD_GROUP, "unstructured-kwd-group") name(URI, "uri") name(VERSE_GROUP, "verse-group")           \
    name(VERSE_LINE, "verse-line") name(VERSION, "version") name(VOLUME, "volume") name(VOLUME_ID, "volume-id")        \
    name(VOLUME_ISSUE_GROUP, "volume-issue-group") name(VOLUME_SERIES, "volume-series")                                \
    name(WORD_COUNT, "word-count") name(X, "x") name(XREF, "xref") name(YEAR, "year")                                  \
    /* OASIS tables */                                                                                                 \
    name(TGROUP, "tgroup") name(COLSPEC, "colspec") name(SPANSPEC, "spanspec") name(ROW, "row") name(ENTRY, "entry")   \
    /* TaxPub */                                                                                                       \
    name(TAXON_NAME, "taxon-name") name(TAXON_NAME_PART, "taxon-name-part") name(TAXON_TREATMENT, "taxon-treatment")   \
    name(TAXON_AUTHORITY, "taxon-authority") name(TAXON_STATUS, "taxon-status") name(TREATMENT_SEC, "treatment-sec")   \
    name(TREATMENT_META, "treatment-meta") name(NOMENCLATURE, "nomenclature")                                          \
    name(NOMENCLATURE_CITATION, "nomenclature-citation")                                                               \
    name(NOMENCLATURE_CITATION_LIST, "nomenclature-citation-list") name(MATERIAL_CITATION, "material-citation")        \
    name(COLLECTING_EVENT, "collecting-event")                                                                         \
    /* MathML 3, presentation */                                                                                       \
    name(MATH, "math") name(MI, "mi") name(MN, "mn") name(MO, "mo") name(MTEXT, "mtext") name(MS, "ms")                \
    name(MSPACE, "mspace") name(MROW, "mrow") name(MFRAC, "mfrac") name(MSQRT, "msqrt") name(MROOT, "mroot")           \
    name(MSTYLE, "mstyle") name(MERROR, "merror") name(MPADDED, "mpadded") name(MPHANTOM, "mphantom")                  \
    name(MFENCED, "mfenced") name(MENCLOSE, "menclose") name(MSUB, "msub") name(MSUP, "msup")                          \
    name(MSUBSUP, "msubsup") name(MUNDER, "munder") name(MOVER, "mover") name(MUNDEROVER, "munderover")                \
    name(MMULTISCRIPTS, "mmultiscripts") name(MPRESCRIPTS, "mprescripts") name(NONE, "none") name(MTABLE, "mtable")    \
    name(MTR, "mtr") name(MLABELEDTR, "mlabeledtr") name(MTD, "mtd") name(MALIGNGROUP, "maligngroup")                  \
    name(MALIGNMARK, "malignmark") name(MACTION, "maction") name(SEMANTICS, "semantics")                               \
    name(ANNOTATION_XML, "annotation-xml")                                                                             \
    /* HTML, which some tools leave in articles */                                                                     \
    name(A, "a") name(ABBR, "abbr") name(ARTICLE_BODY, "article-body") name(B, "b") name(BIG, "big")                   \
    name(BLOCKQUOTE, "blockquote") name(BR, "br") name(CITE, "cite") name(DD, "dd") name(DIV, "div") name(DL, "dl")    \
    name(DT, "dt") name(EM, "em") name(H1, "h1") name(H2, "h2") name(H3, "h3") name(H4, "h4") name(H5, "h5")           \
    name(H6, "h6") name(I, "i") name(IMG, "img") name(LI, "li") name(OL, "ol") name(PRE, "pre") name(S, "s")           \
    name(SECTION, "section") name(SMALL, "small") name(SPAN, "span") name(STRONG, "strong") name(TT, "tt")             \
    name(U, "u") name(UL, "ul") name(VAR, "var")                                                                       \
    /* BioMed Central's article.dtd: elements, and what its references point with */                                   \
    name(ART, "art") name(FM, "fm") name(BDY, "bdy") name(BM, "bm") name(ABS, "abs") name(ST, "st") name(IT, "it")     \
    name(AUG, "aug") name(AU, "au") name(SNM, "snm") name(FNM, "fnm") name(CNM, "cnm") name(SUF, "suf")                \
    name(KWDG, "kwdg") name(URL, "url") name(ABBRGRP, "abbrgrp") name(FIGR, "figr") name(TBLR, "tblr")                 \
    name(SUPPLR, "supplr") name(SUPPL, "suppl") name(REFGRP, "refgrp") name(TBL, "tbl") name(TBLBDY, "tblbdy")         \
    name(TBLFN, "tblfn") name(R, "r") name(C, "c") name(BIBL, "bibl") name(TEXT_PART, "text") name(XREFBIB, "xrefbib") \
    name(PUBDATE, "pubdate") name(UI, "ui") name(JI, "ji") name(INSR, "insr") name(INSG, "insg") name(INS, "ins") name(MNM, "mnm") name(EDITOR, "editor") name(FILE, "file") name(PUBIDLIST, "pubidlist") name(PUBID, "pubid") name(REC, "rec") name(ACC, "acc") name(PUB, "pub")               \
    name(CPYRT, "cpyrt") name(DOCHEAD, "dochead") name(BID, "bid") name(FID, "fid") name(TID, "tid") name(SID, "sid")  \
    name(IDTYPE, "idtype")                                                                                             \
    /* Collections */                                                                                                  \
    name(ARTICLES, "articles") name(PMC_ARTICLESET, "pmc-articleset")                                                  \
    /* Attributes */                                                                                                   \
    name(ABSTRACT_TYPE, "abstract-type") name(ALIGN, "align") name(ARTICLE_TYPE, "article-type")                       \
    name(CITATION_TYPE, "citation-type") name(CLOSE, "close") name(COLNAME, "colname") name(COLSPAN, "colspan")        \
    name(CONTENT_TYPE, "content-type") name(CONTRIB_TYPE, "contrib-type") name(CUSTOM_TYPE, "custom-type")             \
    name(DATA_TYPE, "data-type") name(DATE_TYPE, "date-type") name(DEF_TYPE, "def-type") name(ENCODING, "encoding")    \
    name(FN_TYPE, "fn-type") name(FONTSTYLE, "fontstyle") name(HREF, "href") name(ID, "id")                            \
    name(ISO_8601_DATE, "iso-8601-date") name(JOURNAL_ID_TYPE, "journal-id-type")                                      \
    name(KWD_GROUP_TYPE, "kwd-group-type") name(LANG, "lang") name(LANGUAGE, "language")                               \
    name(LICENSE_TYPE, "license-type") name(LINEBREAK, "linebreak") name(LIST_TYPE, "list-type")                       \
    name(MATHVARIANT, "mathvariant") name(MIME_SUBTYPE, "mime-subtype") name(MOREROWS, "morerows")                     \
    name(NAME_STYLE, "name-style") name(NAMEST, "namest") name(NAMEEND, "nameend") name(OPEN, "open")                  \
    name(ORIENTATION, "orientation") name(PERSON_GROUP_TYPE, "person-group-type") name(POSITION, "position")           \
    name(PUB_ID_TYPE, "pub-id-type") name(PUB_TYPE, "pub-type") name(PUBLICATION_TYPE, "publication-type")             \
    name(REF_TYPE, "ref-type") name(RELATED_ARTICLE_TYPE, "related-article-type")                                      \
    name(RESPONSE_TYPE, "response-type") name(RID, "rid") name(ROWSPAN, "rowspan") name(SEC_TYPE, "sec-type")          \
    name(SEPARATORS, "separators") name(SPECIFIC_USE, "specific-use") name(SUBJ_GROUP_TYPE, "subj-group-type")         \
    name(VOCAB, "vocab") name(XLINK_TITLE, "xlink-title")
/* clang-format on */

#define XML_NAME_NUMBER(identifier, name) XML_##identifier,
typedef enum {
    XML_UNKNOWN, /* an element or attribute whose name is not listed */
    XML_TEXT,    /* no element but the characters between two */
    XML_NAME_LIST(XML_NAME_NUMBER)
    XML_NAME_COUNT
} XmlName;

/* The number of the name of `length` bytes at `name`. */
XmlName xml_name_find(const char *name, gsize length);

/* The name of a number; "" for the first two. */
const char *xml_name_string(XmlName name);

#endif
