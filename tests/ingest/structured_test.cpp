// JSON, YAML, TOML, XML and notebooks.
#include <gtest/gtest.h>

#include "ingest/parsed.h"

namespace hearth::ingest {
namespace {

using test::block_text;
using test::document_of;
using test::extract;
using test::headings;
using Strings = std::vector<std::string>;

TEST(ParseJson, PathsAndHeadingsCarryTheKeys) {
    const auto extraction = extract(
        R"({"name": "pump", "limits": {"pressure": {"max": 6.5, "unit": "bar"}, "tags": ["a", "b"]}, "on": true,
            "parts": [{"id": 1, "size": {"w": 2}}, {"id": 2, "ports": [80, 443]}]})",
        "pump.json");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "json");
    EXPECT_EQ(document.text,
              "name: pump\n\nlimits\n\npressure\n\nmax: 6.5\nunit: bar\n\ntags: a, b\n\non: true\n\nparts\n\n"
              "id: 1\nsize.w: 2\n\nid: 2\nports: 80, 443");
    EXPECT_EQ(headings(document), (Strings{"1 limits", "2 pressure", "1 parts"}));
    EXPECT_EQ(document.blocks[4].level, 2) << "tags stand under limits, no longer under pressure";
    EXPECT_EQ(document.blocks[5].level, 1);
}

TEST(ParseJson, WhatIsNoJsonIsText) {
    EXPECT_EQ(document_of(extract("{\"a\": 1", "a.json")).type, "text");
    EXPECT_EQ(document_of(extract("[section]\nkey = 1\n", "notes.txt")).type, "text");
    EXPECT_EQ(document_of(extract("{\"a\": 1}", "a.txt")).type, "json");
    EXPECT_EQ(document_of(extract(std::string(100000, '['), "deep.json")).type, "text");
}

TEST(ParseJsonLines, EveryRecordIsAParagraph) {
    const auto extraction = extract("{\"q\": \"why\", \"n\": 1}\n{\"q\": \"how\\u0000\"}\n{\"q\": \"cut", "log.jsonl");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text, "q: why\nn: 1\n\nq: how \n\n{\"q\": \"cut");
}

TEST(ParseNotebook, CellsAndOutputsAreKept) {
    const auto extraction = extract(
        R"~({"nbformat": 4, "metadata": {}, "cells": [
            {"cell_type": "markdown", "source": ["# Tides\n", "How high?"]},
            {"cell_type": "code", "source": "print(2)", "outputs": [{"output_type": "stream", "text": ["2\n"]},
              {"output_type": "error", "ename": "KeyError", "evalue": "'moon'"}]},
            {"cell_type": "raw", "source": "end"}]})~",
        "tides.ipynb");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.type, "notebook");
    EXPECT_EQ(document.title, "Tides");
    EXPECT_EQ(document.text, "# Tides\nHow high?\n\nprint(2)\n\nOutput:\n2\n\nKeyError: 'moon'\n\nend");
    EXPECT_EQ(document.blocks[2].kind, BlockKind::kCode);
    EXPECT_EQ(block_text(document, 4), "end");
}

TEST(ParseYaml, KeysThatOpenAMappingAreHeadings) {
    const std::string text =
        "# settings\nname: x\nserver:\n  port: 80\n  tls: # soon\n    cert: a\n  log: |\n    not:\n      a "
        "key\nusers:\n"
        "- name: Ada\n  roles:\n    - admin\n- name: Bob\nend: 1\n";
    const auto extraction = extract(text, "a.yaml");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.text, text);
    EXPECT_EQ(headings(document), (Strings{"1 server", "2 tls", "1 users"}));
    EXPECT_EQ(block_text(document, document.blocks.size() - 1), "end: 1\n");
    EXPECT_EQ(document.blocks.back().level, 1);
    EXPECT_EQ(block_text(document, document.blocks.size() - 2), "- name: Bob\n");
}

TEST(ParseToml, SectionsAreHeadings) {
    const auto extraction = extract(
        "top = 1\n[server]\nport = 80\n[server.tls] # soon\ntext = \"\"\"\n[not.one]\n\"\"\"\n[[users]]\nlist = [\n[1, "
        "2]\n]\n",
        "a.toml");
    EXPECT_EQ(headings(document_of(extraction)), (Strings{"1 server", "2 server.tls", "1 users"}));
}

TEST(ParseXml, RecordsAndRunningText) {
    const auto extraction = extract(
        "<?xml version=\"1.0\"?><catalog><title>Pumps</title><pump id=\"p1\"><name>Ember</name><bar>6</bar></pump>"
        "<pump id=\"p2\"><name>Frost</name></pump><section><title>Care</title><para>Oil it <b>daily</b>.</para>"
        "</section></catalog>",
        "pumps.xml");
    const Document& document = document_of(extraction);
    EXPECT_EQ(document.title, "Pumps");
    EXPECT_EQ(
        document.text,
        "title: Pumps\n\npump.@id: p1\npump.name: Ember\npump.bar: 6\n\npump.@id: p2\npump.name: Frost\n\nCare\n\n"
        "title: Care\n\nOil it daily.");
    EXPECT_EQ(headings(document), (Strings{"1 Care"}));
}

TEST(ParseXml, EntitiesExpandToNothingAndDepthIsHeld) {
    const auto bomb = extract(
        "<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY x \"lol\"><!ENTITY y \"&x;&x;&x;\">]><a><b>&y;</b><c>w</c></a>",
        "b.xml");
    EXPECT_EQ(document_of(bomb).text, "b: &y;\nc: w");
    std::string deep = "<?xml version=\"1.0\"?>";
    for (int i = 0; i < 20000; ++i) deep += "<a>";
    deep += "word";
    for (int i = 0; i < 20000; ++i) deep += "</a>";
    EXPECT_NE(document_of(extract(deep, "d.xml")).text.find("word"), std::string::npos);
    EXPECT_EQ(document_of(extract("<?xml version=\"1.0\"?><a><b>open", "e.xml")).type, "text");
}

}  // namespace
}  // namespace hearth::ingest
