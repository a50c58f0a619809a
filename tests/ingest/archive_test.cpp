// Archives as folders.
#include <gtest/gtest.h>

#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::document_of;
using test::extract;
using test::golden;
using test::headings;
using test::reason;
using Strings = std::vector<std::string>;

class Archives : public ::testing::TestWithParam<const char*> {};

TEST_P(Archives, FilesStandBeneathTheirPaths) {
    const auto extraction = extract(golden(GetParam()), GetParam());
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "archive");
    EXPECT_EQ(headings(document), (Strings{"1 docs/manual.pdf", "1 docs/pump.md", "2 Pump", "1 inner.zip", "2 deep.txt",
                                           "1 photo.png", "1 rates.csv", "2 Columns and totals"}));
    EXPECT_NE(document.text.find("docs/manual.pdf\n\nNot read: a PDF inside another file is not read."),
              std::string::npos);
    EXPECT_NE(document.text.find("inner.zip\n\ndeep.txt\n\nDeep words."), std::string::npos);
    EXPECT_NE(document.text.find("photo.png\n\nNot read: a picture."), std::string::npos);
    EXPECT_TRUE(document.text.ends_with("city | rate\nParis | 160"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Archives, ::testing::Values("files.zip", "files.tar.gz"));

TEST(ParseTar, ASinglePackedFileIsReadAsItself) {
    const std::string packed(
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x53\x56\x70\xe4\xe2\x4a\x02\x00\x4f\xab\x57\x86\x06\x00\x00\x00", 26);
    const auto extraction = extract(packed, "notes.md.gz");
    EXPECT_EQ(reason(extraction), "");
    EXPECT_EQ(headings(document_of(extraction)), (Strings{"1 notes.md", "2 A"}));
}

TEST(ParseZip, BombsAreRefused) {
    EXPECT_NE(reason(extract(golden("bomb.zip"), "bomb.zip")).find("unpacks to more than"), std::string::npos);
}

TEST(IsPdf, OneInAnUncompressedArchiveIsNotTheFile) {
    EXPECT_TRUE(is_pdf("junk\n%PDF-1.4"));
    EXPECT_FALSE(is_pdf("PK\x03\x04 stored %PDF-1.4"));
    EXPECT_FALSE(is_pdf(std::string(257, '\0') + "ustar" + std::string(250, '\0') + "%PDF-1.4"));
}

}  // namespace
}  // namespace hearth::ingest
