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
#define XML_NAME_LIST(X)                                                                                               \
    /* JATS (ANSI/NISO Z39.96-2021) and its ancestors, NLM 1.0 to 3.0 */                                               \
    X(ABBREV, "abbrev") X(ABBREV_JOURNAL_TITLE, "abbrev-journal-title") X(ABSTRACT, "abstract")                        \
    X(ACCESS_DATE, "access-date") X(ACK, "ack") X(ADDR_LINE, "addr-line") X(ADDRESS, "address") X(AFF, "aff")          \
    X(AFF_ALTERNATIVES, "aff-alternatives") X(ALT_TEXT, "alt-text") X(ALT_TITLE, "alt-title")                          \
    X(ALTERNATIVES, "alternatives") X(ANNOTATION, "annotation") X(ANONYMOUS, "anonymous") X(ANSWER, "answer")          \
    X(ANSWER_SET, "answer-set") X(APP, "app") X(APP_GROUP, "app-group") X(ARRAY, "array") X(ARTICLE, "article")        \
    X(ARTICLE_CATEGORIES, "article-categories") X(ARTICLE_ID, "article-id") X(ARTICLE_META, "article-meta")            \
    X(ARTICLE_TITLE, "article-title") X(ARTICLE_VERSION, "article-version")                                            \
    X(ARTICLE_VERSION_ALTERNATIVES, "article-version-alternatives") X(ATTRIB, "attrib")                                \
    X(AUTHOR_COMMENT, "author-comment") X(AUTHOR_NOTES, "author-notes") X(AWARD_DESC, "award-desc")                    \
    X(AWARD_GROUP, "award-group") X(AWARD_ID, "award-id") X(AWARD_NAME, "award-name") X(BACK, "back") X(BIO, "bio")    \
    X(BLOCK_ALTERNATIVES, "block-alternatives") X(BODY, "body") X(BOLD, "bold") X(BOXED_TEXT, "boxed-text")            \
    X(BREAK, "break") X(CAPTION, "caption") X(CHAPTER_TITLE, "chapter-title") X(CHEM_STRUCT, "chem-struct")            \
    X(CHEM_STRUCT_WRAP, "chem-struct-wrap") X(CITATION, "citation") X(CITY, "city") X(CODE, "code") X(COL, "col")      \
    X(COLGROUP, "colgroup") X(COLLAB, "collab") X(COLLAB_ALTERNATIVES, "collab-alternatives")                          \
    X(COLLAB_NAME, "collab-name") X(COLLAB_NAME_ALTERNATIVES, "collab-name-alternatives") X(COMMENT, "comment")        \
    X(COMPOUND_KWD, "compound-kwd") X(COMPOUND_KWD_PART, "compound-kwd-part")                                          \
    X(COMPOUND_SUBJECT, "compound-subject") X(COMPOUND_SUBJECT_PART, "compound-subject-part")                          \
    X(CONF_ACRONYM, "conf-acronym") X(CONF_DATE, "conf-date") X(CONF_LOC, "conf-loc") X(CONF_NAME, "conf-name")        \
    X(CONF_NUM, "conf-num") X(CONF_SPONSOR, "conf-sponsor") X(CONF_THEME, "conf-theme") X(CONFERENCE, "conference")    \
    X(CONTRACT_NUM, "contract-num") X(CONTRACT_SPONSOR, "contract-sponsor") X(CONTRIB, "contrib")                      \
    X(CONTRIB_GROUP, "contrib-group") X(CONTRIB_ID, "contrib-id")                                                      \
    X(CONTRIBUTED_RESOURCE_GROUP, "contributed-resource-group") X(COPYRIGHT_HOLDER, "copyright-holder")                \
    X(COPYRIGHT_STATEMENT, "copyright-statement") X(COPYRIGHT_YEAR, "copyright-year") X(CORRESP, "corresp")            \
    X(COUNT, "count") X(COUNTRY, "country") X(COUNTS, "counts") X(CUSTOM_META, "custom-meta")                          \
    X(CUSTOM_META_GROUP, "custom-meta-group") X(CUSTOM_META_WRAP, "custom-meta-wrap") X(DATA_TITLE, "data-title")      \
    X(DATE, "date") X(DATE_IN_CITATION, "date-in-citation") X(DAY, "day") X(DEF, "def") X(DEF_HEAD, "def-head")        \
    X(DEF_ITEM, "def-item") X(DEF_LIST, "def-list") X(DEGREES, "degrees") X(DISP_FORMULA, "disp-formula")              \
    X(DISP_FORMULA_GROUP, "disp-formula-group") X(DISP_QUOTE, "disp-quote") X(EDITION, "edition")                      \
    X(ELEMENT_CITATION, "element-citation") X(ELOCATION_ID, "elocation-id") X(EMAIL, "email") X(ERA, "era")            \
    X(EQUATION_COUNT, "equation-count") X(ETAL, "etal") X(EVENT, "event") X(EVENT_DESC, "event-desc")                  \
    X(EXPLANATION, "explanation") X(EXT_LINK, "ext-link") X(EXTENDED_BY, "extended-by") X(FAX, "fax") X(FIG, "fig")    \
    X(FIG_COUNT, "fig-count") X(FIG_GROUP, "fig-group") X(FIXED_CASE, "fixed-case") X(FLOATS_GROUP, "floats-group")    \
    X(FLOATS_WRAP, "floats-wrap") X(FN, "fn") X(FN_GROUP, "fn-group") X(FPAGE, "fpage")                                \
    X(FREE_TO_READ, "free_to_read") X(FRONT, "front") X(FRONT_STUB, "front-stub") X(FUNDING_GROUP, "funding-group")    \
    X(FUNDING_SOURCE, "funding-source") X(FUNDING_STATEMENT, "funding-statement") X(GIVEN_NAMES, "given-names")        \
    X(GLOSSARY, "glossary") X(GLYPH_DATA, "glyph-data") X(GLYPH_REF, "glyph-ref") X(GOV, "gov")                        \
    X(GRANT_NUM, "grant-num") X(GRANT_SPONSOR, "grant-sponsor") X(GRAPHIC, "graphic") X(HISTORY, "history")            \
    X(HR, "hr") X(INDEX_TERM, "index-term") X(INDEX_TERM_RANGE_END, "index-term-range-end")                            \
    X(INLINE_FORMULA, "inline-formula") X(INLINE_GRAPHIC, "inline-graphic") X(INLINE_MEDIA, "inline-media")            \
    X(INLINE_SUPPLEMENTARY_MATERIAL, "inline-supplementary-material") X(INSTITUTION, "institution")                    \
    X(INSTITUTION_ID, "institution-id") X(INSTITUTION_WRAP, "institution-wrap") X(ISBN, "isbn") X(ISSN, "issn")        \
    X(ISSN_L, "issn-l") X(ISSUE, "issue") X(ISSUE_ID, "issue-id") X(ISSUE_PART, "issue-part")                          \
    X(ISSUE_SPONSOR, "issue-sponsor") X(ISSUE_SUBTITLE, "issue-subtitle") X(ISSUE_TITLE, "issue-title")                \
    X(ISSUE_TITLE_GROUP, "issue-title-group") X(ITALIC, "italic") X(JOURNAL_ID, "journal-id")                          \
    X(JOURNAL_META, "journal-meta") X(JOURNAL_SUBTITLE, "journal-subtitle") X(JOURNAL_TITLE, "journal-title")          \
    X(JOURNAL_TITLE_GROUP, "journal-title-group") X(KWD, "kwd") X(KWD_GROUP, "kwd-group") X(LABEL, "label")            \
    X(LICENSE, "license") X(LICENSE_P, "license-p") X(LICENSE_REF, "license_ref") X(LICENSE_DASH_REF, "license-ref")        \
    X(LIST, "list") X(LIST_ITEM, "list-item") X(LONG_DESC, "long-desc") X(LPAGE, "lpage") X(MEDIA, "media")            \
    X(META_NAME, "meta-name") X(META_VALUE, "meta-value") X(MILESTONE_END, "milestone-end")                            \
    X(MILESTONE_START, "milestone-start") X(MIXED_CITATION, "mixed-citation") X(MONOSPACE, "monospace")                \
    X(MONTH, "month") X(NAME, "name") X(NAME_ALTERNATIVES, "name-alternatives") X(NAMED_CONTENT, "named-content")      \
    X(NESTED_KWD, "nested-kwd") X(NLM_CITATION, "nlm-citation") X(NOTE, "note") X(NOTES, "notes")                      \
    X(OBJECT_ID, "object-id") X(ON_BEHALF_OF, "on-behalf-of") X(OPEN_ACCESS, "open-access") X(OPTION, "option")        \
    X(OVERLINE, "overline") X(OVERLINE_END, "overline-end") X(OVERLINE_START, "overline-start") X(P, "p")              \
    X(PAGE_COUNT, "page-count") X(PAGE_RANGE, "page-range") X(PART_TITLE, "part-title") X(PATENT, "patent")            \
    X(PERMISSIONS, "permissions") X(PERSON_GROUP, "person-group") X(PHONE, "phone") X(POSTAL_CODE, "postal-code")      \
    X(PREFIX, "prefix") X(PREFORMAT, "preformat") X(PRICE, "price")                                                    \
    X(PRINCIPAL_AWARD_RECIPIENT, "principal-award-recipient") X(PRINCIPAL_INVESTIGATOR, "principal-investigator")      \
    X(PRIVATE_CHAR, "private-char") X(PROCESSING_META, "processing-meta") X(PRODUCT, "product")                        \
    X(PUB_DATE, "pub-date") X(PUB_DATE_NOT_AVAILABLE, "pub-date-not-available") X(PUB_HISTORY, "pub-history")          \
    X(PUB_ID, "pub-id") X(PUBLISHER, "publisher") X(PUBLISHER_LOC, "publisher-loc")                                    \
    X(PUBLISHER_NAME, "publisher-name") X(QUESTION, "question") X(QUESTION_PREAMBLE, "question-preamble")              \
    X(QUESTION_WRAP, "question-wrap") X(QUESTION_WRAP_GROUP, "question-wrap-group") X(RB, "rb") X(REF, "ref")          \
    X(REF_COUNT, "ref-count") X(REF_LIST, "ref-list") X(RELATED_ARTICLE, "related-article")                            \
    X(RELATED_OBJECT, "related-object") X(RESOURCE_GROUP, "resource-group") X(RESOURCE_ID, "resource-id")              \
    X(RESOURCE_NAME, "resource-name") X(RESOURCE_WRAP, "resource-wrap") X(RESPONSE, "response")                        \
    X(RESTRICTED_BY, "restricted-by") X(ROLE, "role") X(ROMAN, "roman") X(RP, "rp") X(RT, "rt") X(RUBY, "ruby")        \
    X(SANS_SERIF, "sans-serif") X(SC, "sc") X(SEASON, "season") X(SEC, "sec") X(SEC_META, "sec-meta") X(SEE, "see")    \
    X(SEE_ALSO, "see-also") X(SELF_URI, "self-uri") X(SERIES, "series") X(SERIES_TEXT, "series-text")                  \
    X(SERIES_TITLE, "series-title") X(SIG, "sig") X(SIG_BLOCK, "sig-block") X(SIZE, "size") X(SOURCE, "source")        \
    X(SPEAKER, "speaker") X(SPEECH, "speech") X(STATE, "state") X(STATEMENT, "statement") X(STD, "std")                \
    X(STD_ORGANIZATION, "std-organization") X(STRIKE, "strike") X(STRING_CONF, "string-conf")                          \
    X(STRING_DATE, "string-date") X(STRING_NAME, "string-name") X(STYLED_CONTENT, "styled-content") X(SUB, "sub")      \
    X(SUB_ARTICLE, "sub-article") X(SUBJ_GROUP, "subj-group") X(SUBJECT, "subject") X(SUBTITLE, "subtitle")            \
    X(SUFFIX, "suffix") X(SUP, "sup") X(SUPPLEMENT, "supplement")                                                      \
    X(SUPPLEMENTARY_MATERIAL, "supplementary-material") X(SUPPORT_DESCRIPTION, "support-description")                  \
    X(SUPPORT_GROUP, "support-group") X(SUPPORT_SOURCE, "support-source") X(SURNAME, "surname") X(TABLE, "table")      \
    X(TABLE_COUNT, "table-count") X(TABLE_WRAP, "table-wrap") X(TABLE_WRAP_FOOT, "table-wrap-foot")                    \
    X(TABLE_WRAP_GROUP, "table-wrap-group") X(TARGET, "target") X(TBODY, "tbody") X(TD, "td") X(TERM, "term")          \
    X(TERM_HEAD, "term-head") X(TEX_MATH, "tex-math") X(TEXTUAL_FORM, "textual-form") X(TFOOT, "tfoot") X(TH, "th")    \
    X(THEAD, "thead") X(TIME_STAMP, "time-stamp") X(TITLE, "title") X(TITLE_GROUP, "title-group") X(TR, "tr")          \
    X(TRANS_ABSTRACT, "trans-abstract") X(TRANS_SOURCE, "trans-source") X(TRANS_SUBTITLE, "trans-subtitle")            \
    X(TRANS_TITLE, "trans-title") X(TRANS_TITLE_GROUP, "trans-title-group") X(UNDERLINE, "underline")                  \
    X(UNDERLINE_END, "underline-end") X(UNDERLINE_START, "underline-start")                                            \
    X(UNSTRUCTURED_KWD_GROUP, "unstructured-kwd-group") X(URI, "uri") X(VERSE_GROUP, "verse-group")                    \
    X(VERSE_LINE, "verse-line") X(VERSION, "version") X(VOLUME, "volume") X(VOLUME_ID, "volume-id")                    \
    X(VOLUME_ISSUE_GROUP, "volume-issue-group") X(VOLUME_SERIES, "volume-series") X(WORD_COUNT, "word-count")          \
    X(X, "x") X(XREF, "xref") X(YEAR, "year")                                                                          \
    /* OASIS tables */                                                                                                 \
    X(TGROUP, "tgroup") X(COLSPEC, "colspec") X(SPANSPEC, "spanspec") X(ROW, "row") X(ENTRY, "entry")                  \
    /* TaxPub */                                                                                                       \
    X(TAXON_NAME, "taxon-name") X(TAXON_NAME_PART, "taxon-name-part") X(TAXON_TREATMENT, "taxon-treatment")            \
    X(TAXON_AUTHORITY, "taxon-authority") X(TAXON_STATUS, "taxon-status") X(TREATMENT_SEC, "treatment-sec")            \
    X(TREATMENT_META, "treatment-meta") X(NOMENCLATURE, "nomenclature")                                                \
    X(NOMENCLATURE_CITATION, "nomenclature-citation") X(NOMENCLATURE_CITATION_LIST, "nomenclature-citation-list")      \
    X(MATERIAL_CITATION, "material-citation") X(COLLECTING_EVENT, "collecting-event")                                  \
    /* MathML 3, presentation */                                                                                       \
    X(MATH, "math") X(MI, "mi") X(MN, "mn") X(MO, "mo") X(MTEXT, "mtext") X(MS, "ms") X(MSPACE, "mspace")              \
    X(MROW, "mrow") X(MFRAC, "mfrac") X(MSQRT, "msqrt") X(MROOT, "mroot") X(MSTYLE, "mstyle") X(MERROR, "merror")      \
    X(MPADDED, "mpadded") X(MPHANTOM, "mphantom") X(MFENCED, "mfenced") X(MENCLOSE, "menclose") X(MSUB, "msub")        \
    X(MSUP, "msup") X(MSUBSUP, "msubsup") X(MUNDER, "munder") X(MOVER, "mover") X(MUNDEROVER, "munderover")            \
    X(MMULTISCRIPTS, "mmultiscripts") X(MPRESCRIPTS, "mprescripts") X(NONE, "none") X(MTABLE, "mtable")                \
    X(MTR, "mtr") X(MLABELEDTR, "mlabeledtr") X(MTD, "mtd") X(MALIGNGROUP, "maligngroup")                              \
    X(MALIGNMARK, "malignmark") X(MACTION, "maction") X(SEMANTICS, "semantics") X(ANNOTATION_XML, "annotation-xml")    \
    /* HTML, which some tools leave in articles */                                                                     \
    X(A, "a") X(ABBR, "abbr") X(ARTICLE_BODY, "article-body") X(B, "b") X(BIG, "big") X(BLOCKQUOTE, "blockquote")      \
    X(BR, "br") X(CITE, "cite") X(DD, "dd") X(DIV, "div") X(DL, "dl") X(DT, "dt") X(EM, "em") X(H1, "h1")              \
    X(H2, "h2") X(H3, "h3") X(H4, "h4") X(H5, "h5") X(H6, "h6") X(I, "i") X(IMG, "img") X(LI, "li") X(OL, "ol")        \
    X(PRE, "pre") X(S, "s") X(SECTION, "section") X(SMALL, "small") X(SPAN, "span") X(STRONG, "strong") X(TT, "tt")    \
    X(U, "u") X(UL, "ul") X(VAR, "var")                                                                                \
    /* Collections */                                                                                                  \
    X(ARTICLES, "articles") X(PMC_ARTICLESET, "pmc-articleset")                                                        \
    /* MEDLINE */                                                                                                      \
    X(PM_Abstract, "Abstract") X(PM_AbstractText, "AbstractText") X(PM_Article, "Article")                             \
    X(PM_ArticleDate, "ArticleDate") X(PM_ArticleId, "ArticleId") X(PM_ArticleIdList, "ArticleIdList")                 \
    X(PM_ArticleTitle, "ArticleTitle") X(PM_Author, "Author") X(PM_AuthorList, "AuthorList") X(PM_Book, "Book")        \
    X(PM_BookDocument, "BookDocument") X(PM_BookTitle, "BookTitle") X(PM_CollectiveName, "CollectiveName")             \
    X(PM_CommentsCorrections, "CommentsCorrections") X(PM_CommentsCorrectionsList, "CommentsCorrectionsList")          \
    X(PM_ContributionDate, "ContributionDate") X(PM_Day, "Day") X(PM_DeleteCitation, "DeleteCitation")                 \
    X(PM_DescriptorName, "DescriptorName") X(PM_EIdType, "EIdType") X(PM_ELocationID, "ELocationID")                   \
    X(PM_ForeName, "ForeName") X(PM_IdType, "IdType") X(PM_Journal, "Journal") X(PM_JournalIssue, "JournalIssue")      \
    X(PM_Keyword, "Keyword") X(PM_KeywordList, "KeywordList") X(PM_Label, "Label") X(PM_Language, "Language")          \
    X(PM_LastName, "LastName") X(PM_MedlineCitation, "MedlineCitation") X(PM_MedlineDate, "MedlineDate")               \
    X(PM_MeshHeading, "MeshHeading") X(PM_MeshHeadingList, "MeshHeadingList") X(PM_Month, "Month")                     \
    X(PM_OtherAbstract, "OtherAbstract") X(PM_PMID, "PMID") X(PM_PubDate, "PubDate")                                   \
    X(PM_PublicationTypeList, "PublicationTypeList") X(PM_PubmedBookData, "PubmedBookData")                            \
    X(PM_PubmedData, "PubmedData") X(PM_PublicationType, "PublicationType") X(PM_RefType, "RefType") X(PM_Title, "Title") X(PM_Type, "Type")                    \
    X(PM_ValidYN, "ValidYN") X(PM_VernacularTitle, "VernacularTitle") X(PM_Version, "Version") X(PM_Year, "Year")      \
    /* Attributes */                                                                                                   \
    X(ABSTRACT_TYPE, "abstract-type") X(ALIGN, "align") X(ARTICLE_TYPE, "article-type")                                \
    X(CITATION_TYPE, "citation-type") X(CLOSE, "close") X(COLSPAN, "colspan") X(CONTENT_TYPE, "content-type")          \
    X(CONTRIB_TYPE, "contrib-type") X(CUSTOM_TYPE, "custom-type") X(DATA_TYPE, "data-type")                            \
    X(DATE_TYPE, "date-type") X(DEF_TYPE, "def-type") X(ENCODING, "encoding") X(FN_TYPE, "fn-type")                    \
    X(FONTSTYLE, "fontstyle") X(HREF, "href") X(ID, "id") X(ISO_8601_DATE, "iso-8601-date")                            \
    X(JOURNAL_ID_TYPE, "journal-id-type") X(KWD_GROUP_TYPE, "kwd-group-type") X(LANG, "lang")                          \
    X(LANGUAGE, "language") X(LICENSE_TYPE, "license-type") X(LINEBREAK, "linebreak") X(LIST_TYPE, "list-type")        \
    X(MATHVARIANT, "mathvariant") X(MIME_SUBTYPE, "mime-subtype") X(MOREROWS, "morerows")                              \
    X(NAME_STYLE, "name-style") X(NAMEST, "namest") X(NAMEEND, "nameend") X(OPEN, "open")                              \
    X(ORIENTATION, "orientation") X(PERSON_GROUP_TYPE, "person-group-type") X(POSITION, "position")                    \
    X(PUB_ID_TYPE, "pub-id-type") X(PUB_TYPE, "pub-type") X(PUBLICATION_TYPE, "publication-type")                      \
    X(REF_TYPE, "ref-type") X(RELATED_ARTICLE_TYPE, "related-article-type") X(RESPONSE_TYPE, "response-type")          \
    X(RID, "rid") X(ROWSPAN, "rowspan") X(SEC_TYPE, "sec-type") X(SEPARATORS, "separators")                            \
    X(SPECIFIC_USE, "specific-use") X(SUBJ_GROUP_TYPE, "subj-group-type") X(VOCAB, "vocab")                            \
    X(XLINK_TITLE, "xlink-title")
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
