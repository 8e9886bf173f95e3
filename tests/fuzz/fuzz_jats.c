/* SPDX-License-Identifier: Apache-2.0
 * Bytes as a JATS article: whatever they are, a document or a failure comes out. */
#include <stdint.h>

#include "tests/fuzz/fuzz_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_parse(&format_jats, data, size);
}

extern const char *const fuzz_seeds[];
const char *const fuzz_seeds[] = {
    "<art><ui>u</ui><fm><dochead>D</dochead><bibl><title><p>T</p></title><aug><au><snm>A</snm><fnm>B</fnm></au><au><cnm>C</cnm></au></aug><source>S</source>"
    "<xrefbib><pubidlist><pubid idtype=\"doi\">10.1/x</pubid></pubidlist></xrefbib></bibl><history><rec><date><year>2001</year></date></rec><pub><date>"
    "<year>2002</year></date></pub></history><cpyrt><note>l</note></cpyrt><abs><sec><st><p>Abstract</p></st><p>a</p></sec></abs></fm><bdy><sec><st><p>H</p></st>"
    "<p>x<abbrgrp><abbr bid=\"B1\">1</abbr></abbrgrp><figr fid=\"F1\">1</figr></p><fig id=\"F1\"><title><p>Figure 1</p></title><caption><p>c</p></caption>"
    "<text><p>c d</p></text></fig><table id=\"T\"><title><p>T</p></title><tgroup><tbody><row><entry><p>1</p></entry></row></tbody><tfoot><p>n</p></tfoot>"
    "</tgroup></table></sec></bdy><bm><refgrp><bibl id=\"B1\"><title><p>R</p></title></bibl></refgrp></bm></art>",
    "<article><front><article-meta><article-id pub-id-type=\"pmc\">1</article-id><title-group><article-title>T</article-title>"
    "<subtitle>s</subtitle></title-group><abstract><sec><title>A</title><p>x</p></sec></abstract><permissions><license "
    "href=\"http://creativecommons.org/licenses/by/4.0/\"/></permissions><pub-date><year>2001</year></pub-date></article-meta>"
    "</front><body><sec><title>S</title><p>a [<xref ref-type=\"bibr\" rid=\"r1\">1</xref>&#x2013;<xref ref-type=\"bibr\" "
    "rid=\"r3\">3</xref>] b <xref ref-type=\"fig\" rid=\"f\">Fig. 1A</xref><sup>2</sup></p></sec></body><back><ref-list>"
    "<ref id=\"r1\"><mixed-citation><surname>A</surname><article-title>One</article-title></mixed-citation></ref><ref id=\"r2\"/>"
    "<ref id=\"r3\"><note>text</note></ref></ref-list></back><floats-group><fig id=\"f\"><label>Figure 1</label><caption>"
    "<title>c</title><p>d</p></caption></fig></floats-group></article>",
    "<article><body><p>l<list><list-item><label>1</label><p>i</p><list><list-item><p>j</p></list-item></list></list-item></list>"
    "<def-list><def-item><term>t</term><def><p>d</p></def></def-item></def-list><boxed-text><label>B</label><p>x</p></boxed-text>"
    "<table-wrap><label>T</label><table><tr><td>1</td><td>2</td></tr></table></table-wrap><disp-quote><p>q</p></disp-quote>"
    "<preformat>a\nb</preformat></p></body></article>",
    "<article><body><p><inline-formula><alternatives><tex-math>$x$</tex-math></alternatives></inline-formula><disp-formula>"
    "<math><mfenced separators=\"\"><mi>a</mi><mtable><mtr><mtd><mn>1</mn></mtd></mtr></mtable></mfenced><msubsup><mi>x</mi>"
    "<mn>1</mn><mn>2</mn></msubsup><mroot><mi>y</mi><mn>3</mn></mroot></math></disp-formula>&nbsp;&bogus;</p></body></article>",
    "<article><body><p>In (\n <italic>\n H\n </italic>\n ), 10<sup> 6 </sup>by <abbrev>NIH<def><p>Institutes</p></def></abbrev>, Figs "
    "<xref ref-type=\"fig\" rid=\"f\">7A,B and 8</xref>C<fig id=\"f\"><label>Figures 7-10</label><caption><p>Cap<media/>tion</p></caption></fig>"
    "<inline-formula><math><msub><mover><mi>b</mi><mo>^</mo></mover><mrow><mo>(</mo><mo>-</mo><mi>x</mi><mo>)</mo></mrow></msub><mfenced "
    "separators=\"; ,\"><mi>a</mi><mi>b</mi></mfenced><mtable><mtr><mtd/><mtd><mo>=</mo></mtd></mtr></mtable></math></inline-formula></p></body></article>",
    NULL,
};
