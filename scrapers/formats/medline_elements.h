/* SPDX-License-Identifier: Apache-2.0
 * scrapers/formats/medline_elements.h - every element of PubMed's citation XML ("pubmed_YYMMDD.dtd" of 2015 to 2025), and
 * whether a document keeps something of it.
 *
 * The README of this folder lists the ones that are left out, and a test compares it with this table. A name that is not
 * here is counted when it is met: the document's facts have it under "unknown_elements".
 */
#ifndef SCRAPERS_FORMATS_MEDLINE_ELEMENTS_H
#define SCRAPERS_FORMATS_MEDLINE_ELEMENTS_H

#include "scrapers/formats/xml_tape.h"

#define MEDLINE_ELEMENTS(READ, SKIPPED, OPAQUE)                                                                        \
    /* records and their parts */                                                                                      \
    READ(PubmedArticle) READ(PubmedBookArticle) READ(DeleteCitation) READ(MedlineCitation) READ(PubmedData)            \
    READ(BookDocument) READ(PubmedBookData) READ(Article) READ(Book)                                                   \
    /* identifiers */                                                                                                  \
    READ(PMID) READ(ELocationID) READ(ArticleIdList) READ(ArticleId)                                                   \
    /* journal or book */                                                                                              \
    READ(Journal) READ(ISSN) READ(JournalIssue) READ(Volume) READ(Issue) READ(Title) READ(ISOAbbreviation)             \
    READ(Pagination) READ(StartPage) READ(EndPage) READ(MedlinePgn) READ(MedlineJournalInfo) READ(MedlineTA)           \
    READ(NlmUniqueID) READ(ISSNLinking) READ(BookTitle) READ(Publisher) READ(PublisherName)                            \
    /* dates */                                                                                                        \
    READ(PubDate) READ(ArticleDate) READ(ContributionDate) READ(DateCompleted) READ(DateRevised) READ(Year)            \
    READ(Season) READ(Month) READ(Day) READ(MedlineDate)                                                               \
    /* text */                                                                                                         \
    READ(ArticleTitle) READ(VernacularTitle) READ(Abstract) READ(OtherAbstract) READ(AbstractText) READ(b) READ(i)     \
    READ(u) READ(sup) READ(sub) READ(DispFormula) OPAQUE(math)                                                         \
    /* authors */                                                                                                      \
    READ(AuthorList) READ(Author) READ(LastName) READ(ForeName) READ(Initials) READ(Suffix) READ(CollectiveName)       \
    /* subjects, kinds, links */                                                                                       \
    READ(Language) READ(PublicationTypeList) READ(PublicationType) READ(MeshHeadingList) READ(MeshHeading)             \
    READ(DescriptorName) READ(QualifierName) READ(KeywordList) READ(Keyword) READ(CommentsCorrectionsList)             \
    READ(CommentsCorrections) READ(RefSource)                                                                          \
    /* left out */                                                                                                     \
    SKIPPED(AffiliationInfo) SKIPPED(Affiliation) SKIPPED(Identifier)                                                  \
    SKIPPED(ReferenceList) SKIPPED(Reference) SKIPPED(Citation)                                                        \
    SKIPPED(History) SKIPPED(PubMedPubDate) SKIPPED(Hour) SKIPPED(Minute) SKIPPED(PublicationStatus)                   \
    SKIPPED(DateCreated) SKIPPED(CopyrightInformation) SKIPPED(CoiStatement)                                           \
    SKIPPED(ChemicalList) SKIPPED(Chemical) SKIPPED(RegistryNumber) SKIPPED(NameOfSubstance)                           \
    SKIPPED(SupplMeshList) SKIPPED(SupplMeshName)                                                                      \
    SKIPPED(GrantList) SKIPPED(Grant) SKIPPED(GrantID) SKIPPED(Acronym) SKIPPED(Agency) SKIPPED(Country)               \
    SKIPPED(DataBankList) SKIPPED(DataBank) SKIPPED(DataBankName) SKIPPED(AccessionNumberList)                         \
    SKIPPED(AccessionNumber) SKIPPED(GeneSymbolList) SKIPPED(GeneSymbol)                                               \
    SKIPPED(PersonalNameSubjectList) SKIPPED(PersonalNameSubject) SKIPPED(InvestigatorList) SKIPPED(Investigator)      \
    SKIPPED(ObjectList) SKIPPED(Object) SKIPPED(Param)                                                                 \
    SKIPPED(CitationSubset) SKIPPED(OtherID) SKIPPED(GeneralNote) SKIPPED(Note) SKIPPED(SpaceFlightMission)            \
    SKIPPED(NumberOfReferences)                                                                                        \
    SKIPPED(PublisherLocation) SKIPPED(BeginningDate) SKIPPED(EndingDate) SKIPPED(VolumeTitle) SKIPPED(Edition)        \
    SKIPPED(CollectionTitle) SKIPPED(Isbn) SKIPPED(Medium) SKIPPED(ReportNumber) SKIPPED(LocationLabel)                \
    SKIPPED(Sections) SKIPPED(Section) SKIPPED(SectionTitle) SKIPPED(ItemList) SKIPPED(Item) SKIPPED(URL)

#define MEDLINE_NUMBER(name) MEDLINE_##name,

typedef enum { MEDLINE_ELEMENTS(MEDLINE_NUMBER, MEDLINE_NUMBER, MEDLINE_NUMBER) MEDLINE_NAMES } MedlineName;

extern const TapeName medline_vocabulary[MEDLINE_NAMES];

#endif
