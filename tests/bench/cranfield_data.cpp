#include "bench/cranfield_data.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <sstream>

#include "core/file.h"

namespace hearth::bench {
namespace {

constexpr std::size_t kMaxFileBytes = 16 << 20;

struct Record {
    std::string number;
    std::map<char, std::string> fields;  // by the letter of ".T", ".W", ...; lines joined by a space
};

std::vector<Record> parse_records(const std::string& text) {
    std::vector<Record> records;
    char field = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.ends_with('\r')) line.pop_back();
        if (line.starts_with(".I ")) {
            records.push_back({line.substr(3), {}});
            field = 0;
        } else if (line.size() >= 2 && line[0] == '.' && line[1] >= 'A' && line[1] <= 'Z' &&
                   line.find_first_not_of(' ', 2) == std::string::npos) {
            field = line[1];
        } else if (!records.empty() && field != 0) {
            std::string& value = records.back().fields[field];
            if (!value.empty()) value += ' ';
            value += line.substr(std::min(line.find_first_not_of(' '), line.size()));
        }
    }
    return records;
}

int to_int(const std::string& text) {
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

double discounted(const std::vector<double>& gains, std::size_t depth) {
    double sum = 0;
    for (std::size_t i = 0; i < std::min(depth, gains.size()); ++i) {
        sum += gains[i] / std::log2(static_cast<double>(i) + 2);
    }
    return sum;
}

}  // namespace

Result<Cranfield> load_cranfield(const std::string& directory) {
    HEARTH_TRY(const std::string abstracts, read_file(directory + "/cran.all.1400", kMaxFileBytes));
    HEARTH_TRY(const std::string queries, read_file(directory + "/cran.qry", kMaxFileBytes));
    HEARTH_TRY(const std::string judgements, read_file(directory + "/cranqrel", kMaxFileBytes));
    Cranfield out;
    for (Record& record : parse_records(abstracts)) {
        out.abstracts.push_back({to_int(record.number), record.fields['T'], record.fields['W']});
    }
    for (Record& record : parse_records(queries)) out.queries.push_back(record.fields['W']);
    out.gains.resize(out.queries.size());
    std::istringstream numbers(judgements);
    for (int query = 0, abstract = 0, grade = 0; numbers >> query >> abstract >> grade;) {
        if (grade < 1 || grade > 4 || query < 1 || static_cast<std::size_t>(query) > out.gains.size()) continue;
        out.gains[static_cast<std::size_t>(query) - 1][abstract] = 5 - grade;
    }
    return out;
}

double ndcg(const std::vector<int>& ranking, const std::map<int, double>& gains, std::size_t depth) {
    std::vector<double> ideal;
    for (const auto& [abstract, gain] : gains) ideal.push_back(gain);
    std::sort(ideal.begin(), ideal.end(), std::greater<>());
    std::vector<double> found;
    for (const int abstract : ranking) found.push_back(gains.contains(abstract) ? gains.at(abstract) : 0);
    const double best = discounted(ideal, depth);
    return best > 0 ? discounted(found, depth) / best : 0;
}

double recall(const std::vector<int>& ranking, const std::map<int, double>& gains, std::size_t depth) {
    if (gains.empty()) return 0;
    std::size_t found = 0;
    for (std::size_t i = 0; i < std::min(depth, ranking.size()); ++i) found += gains.count(ranking[i]);
    return static_cast<double>(found) / static_cast<double>(gains.size());
}

}  // namespace hearth::bench
