// Messages, mailboxes and saved pages.
#include <gtest/gtest.h>

#include "ingest/extract/mime.h"
#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::document_of;
using test::extract;
using test::headings;
using Strings = std::vector<std::string>;

constexpr const char* kHead =
    "From: Ada <ada@example.org>\r\nTo: bob@example.org\r\nDate: Fri, 1 Mar 2024 10:00:00 +0100\r\n";

TEST(Mime, HeadersAreUnfoldedAndDecoded) {
    const MimePart part = parse_mime(
        "Subject: =?utf-8?Q?caf=C3=A9_f=C3=BCr?=\r\n =?UTF-8?B?IGRpY2g=?= plain\r\nContent-Type: text/html;\r\n "
        "charset=\"iso-8859-1\"\r\n\r\nx");
    EXPECT_EQ(part.header("subject"), "caf\u00E9 f\u00FCr dich plain");
    EXPECT_EQ(part.type, "text/html");
    EXPECT_EQ(part.charset, "iso-8859-1");
    EXPECT_EQ(part.raw, "x");
    EXPECT_EQ(decode_words("a =?x?= b =?"), "a =?x?= b =?");
}

TEST(Mime, TransferEncodings) {
    EXPECT_EQ(decode_base64("SGVs\r\nbG8="), "Hello");
    EXPECT_EQ(decode_quoted_printable("a=3D=\r\nb=zz="), "a=b=zz=");
    const MimePart part = parse_mime(
        "Content-Disposition: attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.txt\nContent-Transfer-Encoding: "
        "base64\n\nd29yZHM=\n");
    EXPECT_TRUE(part.attachment);
    EXPECT_EQ(part.file_name, "gr\u00F6\u00DFe.txt");
    EXPECT_EQ(part.body(), "words");
}

TEST(ParseMail, BodyAndAttachmentsWithTheirStructure) {
    const std::string message =
        std::string(kHead) +
        "Subject: Pump order\r\nContent-Type: multipart/mixed; boundary=\"out er\"\r\n\r\nfor old readers\r\n"
        "--out er\r\nContent-Type: multipart/alternative; boundary=in\r\n\r\n"
        "--in\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        "Gr=FC=DFe\r\n--in\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--in--\r\n"
        "--out er\r\nContent-Type: text/csv; name=stock.csv\r\nContent-Disposition: attachment\r\n\r\n"
        "part,count\r\nrotor,3\r\n"
        "--out er\r\nContent-Type: application/x-thing; name=blob.bin\r\nContent-Transfer-Encoding: "
        "base64\r\n\r\nAAEC\r\n"
        "--out er\r\nContent-Type: message/rfc822\r\n\r\n" +
        kHead + "Subject: Earlier\r\n\r\nFirst words.\r\n--out er--\r\n";
    const auto extraction = extract(message, "order.eml");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "mail");
    EXPECT_EQ(document.title, "Pump order");
    EXPECT_EQ(headings(document), (Strings{"1 Pump order", "2 Attachment: stock.csv", "3 Columns and totals",
                                           "2 Attachment: blob.bin", "2 Attachment: message.eml", "3 Earlier"}));
    EXPECT_TRUE(
        document.text.starts_with("Pump order\n\nFrom: Ada <ada@example.org>\nTo: bob@example.org\nDate: Fri, 1 Mar "
                                  "2024 10:00:00 +0100\n\nGr\u00FC\u00DFe"));
    EXPECT_EQ(document.text.find("html"), std::string::npos);
    EXPECT_NE(document.text.find("part | count\nrotor | 3"), std::string::npos);
    EXPECT_NE(document.text.find("Not read: a binary file of an unknown kind."), std::string::npos);
    EXPECT_NE(document.text.find("\n\nFirst words."), std::string::npos);
}

TEST(ParseMail, MessagesInsideMessagesEnd) {
    std::string message = "deepest";
    for (int i = 0; i < 20; ++i)
        message =
            std::string(kHead) + "Subject: level " + std::to_string(i) + "\nContent-Type: message/rfc822\n\n" + message;
    const auto extraction = extract(message, "a.eml");
    EXPECT_NE(document_of(extraction).text.find("lies too deep"), std::string::npos);
    std::string parts;
    for (int i = 0; i < 300; ++i)
        parts += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
    EXPECT_TRUE(std::holds_alternative<Document>(extract(kHead + parts + "\nwords", "b.eml")));
}

TEST(ParseMailbox, EveryMessageIsAChapter) {
    const std::string box = std::string("From ada Fri Mar  1 10:00:00 2024\n") + kHead +
                            "Subject: One\n\nfirst\n>From here on\n\n" + "From bob Fri Mar  1 11:00:00 2024\n" + kHead +
                            "Subject: Two\n\nsecond\n";
    const auto extraction = extract(box, "archive.mbox");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.title, "archive");
    EXPECT_EQ(headings(document), (Strings{"1 One", "1 Two"}));
    EXPECT_NE(document.text.find("first\nFrom here on"), std::string::npos);
    EXPECT_TRUE(document.text.ends_with("second\n"));
}

TEST(ParseMail, SavedPagesAreReadAsPages) {
    const auto extraction = extract(
        "From: <Saved by Browser>\nSubject: Pumps\nMIME-Version: 1.0\nContent-Type: multipart/related; "
        "boundary=b\n\n--b\n"
        "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: "
        "quoted-printable\n\n<html><h1>Pumps</h1><p>Oil =\nthem</html>\n--b\n"
        "Content-Type: image/png\nContent-Transfer-Encoding: base64\n\nAAEC\n--b--\n",
        "pumps.mhtml");
    EXPECT_EQ(document_of(extraction).type, "mhtml");
    EXPECT_EQ(document_of(extraction).text, "Pumps\n\nOil them");
}

TEST(Sniff, LettersAreNotMail) {
    EXPECT_EQ(sniff("From: here\nto there\n", "a.txt").kind, FileKind::kText);
    EXPECT_EQ(sniff("Dear Ada:\n\nSubject: pumps\n", "a.txt").kind, FileKind::kText);
}

}  // namespace
}  // namespace hearth::ingest
