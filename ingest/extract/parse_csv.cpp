#include <algorithm>

#include "ingest/extract/charset.h"
#include "ingest/extract/delimited.h"
#include "ingest/extract/parsers.h"

namespace hearth::ingest {

Extraction parse_csv(std::string_view bytes) {
    constexpr std::size_t kSampleRows = 200;
    const auto text = to_utf8(bytes);
    if (!text) return Refusal{"csv", "the text's encoding is unknown", "Save the file as UTF-8."};
    const Dialect dialect = find_dialect(*text);
    const std::string_view body = std::string_view(*text).substr(dialect.start);

    DelimitedReader reader(body, dialect.delimiter);
    std::vector<Row> sample;
    Row cells;
    while (sample.size() < kSampleRows && reader.next(cells)) sample.push_back(cells);
    Table table = make_table({}, std::move(sample));
    while (reader.next(cells)) {
        // A record wider than the columns known so far keeps its words in the last of them.
        for (std::size_t i = table.columns.size(); i < cells.size(); ++i)
            cells[table.columns.size() - 1] += " " + cells[i];
        table.add(cells);
    }
    Document document{"csv", {}, {}, {}};
    TextBuilder builder(document);
    write_table(builder, table, 0);
    return document;
}

}  // namespace hearth::ingest
