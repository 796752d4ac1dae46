#include "data/prepare.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/error.h"
#include "data/conversation.h"
#include "data/row_files.h"
#include "data/words.h"

namespace hyplora {
namespace {

constexpr const char* reasons[] = {"unreadable",     "broken_text",   "empty",       "duplicate",
                                   "near_duplicate", "test_question", "test_overlap"};

/// What was left out so far: counts and examples by reason.
class Removed {
 public:
  explicit Removed(size_t examples) : limit_(examples) {
    for (const char* reason : reasons) {
      counts_[reason] = 0;
      examples_[reason] = Json::array();
    }
  }

  void add(const char* reason, Json example) {
    counts_[reason] = counts_[reason].get<size_t>() + 1;
    if (examples_[reason].size() < limit_) examples_[reason].push_back(std::move(example));
  }
  const Json& counts() const { return counts_; }
  const Json& examples() const { return examples_; }

 private:
  size_t limit_;
  Json counts_ = Json::object(), examples_ = Json::object();
};

bool blank(const std::string& text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

struct Fault {
  const char* reason;
  std::string sentence;
};

/// What makes a row that was read unfit to train on.
std::optional<Fault> fault_of(const Row& row) {
  if (row.tokenised()) return Fault{"unreadable", row.where + ": found input_ids, expected a row of text."};
  for (const auto& [key, text] : {std::pair("instruction", &row.instruction), {"input", &row.input}, {"output", &row.output}}) {
    if (text->find("\xEF\xBF\xBD") == text->npos) continue;
    return Fault{"broken_text", fmt::format("{}: {} holds U+FFFD, which stands for broken UTF-8.", row.where, key)};
  }
  if (!row.is_text && blank(row.instruction) && blank(row.input))
    return Fault{"empty", row.where + ": instruction and input are empty."};
  if (blank(row.output)) return Fault{"empty", row.where + ": output is empty."};
  return std::nullopt;
}

/// Conversations stay what they are and texts, too: what is written can be read again.
RowReading keeping_all() {
  RowReading how;
  how.conversations = LongConversations::kept;
  how.takes_text = true;
  return how;
}

/// Rows that can be used; the others are told to `removed`. `count` becomes the number of all rows.
std::vector<Row> read_usable(const std::vector<std::string>& files, const PrepareOptions& options, Removed& removed,
                             size_t& count) {
  RowReading how = keeping_all();
  how.schema = options.schema;
  size_t unreadable = 0;
  if (!options.strict) {
    how.refused = [&](const std::string& sentence) {
      ++unreadable;
      removed.add("unreadable", {{"because", sentence}});
    };
  }
  std::vector<Row> rows = read_rows(files, how);
  count = rows.size() + unreadable;
  std::erase_if(rows, [&](const Row& row) {
    const auto fault = fault_of(row);
    if (!fault) return false;
    if (options.strict) throw InputError("{}", fault->sentence);
    removed.add(fault->reason, {{"because", fault->sentence}});
    return true;
  });
  return rows;
}

std::string exact_key(const Row& row) {
  std::string key;
  for (const std::string* text : {&row.instruction, &row.input, &row.output}) key += fmt::format("{} {}", text->size(), *text);
  return key + row.answer.value_or("");
}

std::string words_key(const std::vector<const std::string*>& texts) {
  std::string key;
  for (const std::string* text : texts) {
    for (const auto& word : compared_words(*text)) key += word + " ";
    key += "\n";
  }
  return key;
}

/// Keeps the first of equal rows. Returns how many of those kept ask a question that another row before answers differently.
size_t drop_duplicates(std::vector<Row>& rows, Removed& removed) {
  std::unordered_map<std::string, std::string> exact, near;
  std::unordered_map<std::string, size_t> questions;
  std::erase_if(rows, [&](const Row& row) {
    const auto [same, fresh] = exact.try_emplace(exact_key(row), row.where);
    if (!fresh) {
      removed.add("duplicate", {{"row", row.where}, {"same_as", same->second}});
      return true;
    }
    const auto [like, is_new] = near.try_emplace(words_key({&row.instruction, &row.input, &row.output}), row.where);
    if (!is_new) {
      removed.add("near_duplicate", {{"row", row.where}, {"like", like->second}, {"instruction", row.instruction}});
      return true;
    }
    ++questions[words_key({&row.instruction, &row.input})];
    return false;
  });
  return rows.size() - questions.size();
}

std::string file_of(const std::string& where) { return where.substr(0, where.rfind(": row ")); }

/// Leaves out rows that hold test questions. Returns how many fell to each test file.
Json drop_contaminated(std::vector<Row>& rows, const std::vector<Row>& tests, const ContaminationOptions& options,
                       Removed& removed) {
  const auto found = find_contamination(rows, tests, options);
  Json by_file = Json::object();
  size_t i = 0;
  std::erase_if(rows, [&](const Row& row) {
    const auto& match = found[i++];
    if (!match) return false;
    const Row& test = tests[match->test_row];
    Json& count = by_file[file_of(test.where)];
    count = count.is_null() ? 1 : count.get<size_t>() + 1;
    Json example{{"row", row.where}, {"test_row", test.where}, {"instruction", row.instruction}};
    if (!match->shared.empty()) {
      example["test_instruction"] = test.instruction;
      example["shared"] = match->shared;
      example["share"] = match->share;
    }
    removed.add(match->shared.empty() ? "test_question" : "test_overlap", std::move(example));
    return true;
  });
  return by_file;
}

/// One turn as instruction, input and output, more of them as messages.
Json object_of(const Row& row) {
  if (row.is_text) return {{"text", row.output}};
  const bool one_turn = row.conversation.is_null() || (row.turns == 2 && !row.conversation.contains("tools"));
  if (!one_turn) return conversation_object(row);
  Json object{{"instruction", row.instruction}, {"input", row.input}, {"output", row.output}};
  if (row.answer) object["answer"] = *row.answer;
  return object;
}

Json schemas_of(const std::vector<Row>& rows) {
  std::map<std::string, size_t> counts;
  for (const Row& row : rows) ++counts[row.schema];
  return counts;
}

Json excluded_report(const std::vector<std::string>& files, const std::vector<Row>& tests, const ContaminationOptions& options,
                     Json by_file) {
  return {{"files", files},           {"rows", tests.size()},
          {"ngram", options.ngram},   {"overlap", options.overlap},
          {"common", options.common}, {"removed_by_file", std::move(by_file)}};
}

}  // namespace

PreparedRows prepare_rows(const std::vector<std::string>& files, const std::vector<std::string>& tests,
                          const PrepareOptions& options) {
  const auto names = row_files(files), test_names = row_files(tests);
  const std::vector<Row> test_rows = read_rows(test_names, keeping_all());
  Removed removed(options.examples);
  size_t read = 0;
  PreparedRows made{read_usable(names, options, removed, read), {}};
  const size_t repeated = drop_duplicates(made.rows, removed);
  Json by_file = tests.empty() ? Json::object() : drop_contaminated(made.rows, test_rows, options.contamination, removed);
  made.report = {{"files", names},
                 {"rows", read},
                 {"schemas", schemas_of(made.rows)},
                 {"kept", made.rows.size()},
                 {"removed", removed.counts()},
                 {"questions_with_several_outputs", repeated},
                 {"examples", removed.examples()}};
  if (!tests.empty()) {
    made.report["excluded"] = excluded_report(test_names, test_rows, options.contamination, std::move(by_file));
  }
  return made;
}

std::string rows_text(const std::vector<Row>& rows, bool lines) {
  Json all = Json::array();
  std::string text;
  for (const Row& row : rows) {
    Json object = object_of(row);
    if (lines) {
      text += json_text(object) + "\n";
    } else {
      all.push_back(std::move(object));
    }
  }
  return lines ? text : json_text(all, 2) + "\n";
}

}  // namespace hyplora
