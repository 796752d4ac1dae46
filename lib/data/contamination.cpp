#include "data/contamination.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "data/words.h"

namespace hyplora {
namespace {

constexpr size_t shortest_run = 8;  // as in the appendix that contamination.h names: shorter ones are everyday phrases

using Words = std::vector<uint32_t>;  // proper words as numbers
using Hash = uint64_t;

struct Vocabulary {
  std::unordered_map<std::string, uint32_t> numbers;
  std::vector<std::string> words;

  uint32_t number_of(const std::string& word) {
    const auto [place, fresh] = numbers.try_emplace(word, static_cast<uint32_t>(words.size()));
    if (fresh) words.push_back(word);
    return place->second;
  }
};

/// A row as this file compares it.
struct Text {
  std::string question;  // all compared words of instruction and input, for equality
  Words asked;           // the proper ones
  Words all;             // those and the output's
};

Text text_of(const Row& row, Vocabulary& vocabulary) {
  Text text;
  for (const std::string* part : {&row.instruction, &row.input}) {
    for (const auto& word : compared_words(*part)) {
      text.question += word + " ";
      if (is_proper_word(word)) text.asked.push_back(vocabulary.number_of(word));
    }
  }
  text.all = text.asked;
  for (const auto& word : compared_words(row.output)) {
    if (is_proper_word(word)) text.all.push_back(vocabulary.number_of(word));
  }
  return text;
}

std::vector<Text> texts_of(const std::vector<Row>& rows, Vocabulary& vocabulary) {
  std::vector<Text> texts;
  texts.reserve(rows.size());
  for (const Row& row : rows) texts.push_back(text_of(row, vocabulary));
  return texts;
}

/// How many opening words of a question stand at the start of more than `common` different questions, itself among them.
class SharedOpenings {
 public:
  SharedOpenings(std::vector<Words> questions, size_t common) : sorted_(std::move(questions)) {
    std::sort(sorted_.begin(), sorted_.end());
    sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
    shared_.assign(sorted_.size(), 0);
    // common + 1 questions share what the first and the last of them in this order share.
    for (size_t i = 0; i + common < sorted_.size(); ++i) {
      const auto& first = sorted_[i];
      const auto& last = sorted_[i + common];
      const auto ends = std::mismatch(first.begin(), first.end(), last.begin(), last.end());
      const auto length = static_cast<size_t>(ends.first - first.begin());
      for (size_t j = i; j <= i + common; ++j) shared_[j] = std::max(shared_[j], length);
    }
  }

  size_t of(const Words& question) const {
    const auto place = std::lower_bound(sorted_.begin(), sorted_.end(), question);
    return shared_[static_cast<size_t>(place - sorted_.begin())];
  }

 private:
  std::vector<Words> sorted_;
  std::vector<size_t> shared_;
};

Words reversed(const Words& words) { return {words.rbegin(), words.rend()}; }

/// Calls visit(hash, begin) for each run of `length` words; equal runs have equal hashes, different ones differ but for a
/// chance of 2^-64. The hash is a polynomial in the words, carried on from run to run.
template <class Visit>
void for_each_run(const Words& words, size_t length, Visit visit) {
  constexpr Hash base = 0x9E3779B97F4A7C15;
  const auto value = [](uint32_t word) { return (word + 1) * Hash{0xD1B54A32D192ED03} ^ (Hash{word} << 29); };
  if (words.size() < length || length == 0) return;
  Hash highest = 1, hash = 0;
  for (size_t i = 1; i < length; ++i) highest *= base;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i >= length) hash -= value(words[i - length]) * highest;
    hash = hash * base + value(words[i]);
    if (i + 1 >= length) visit(hash ^ length * Hash{0xBF58476D1CE4E5B9}, i + 1 - length);
  }
}

/// The runs of all test questions, and who has them.
class RunTable {
 public:
  RunTable(const std::vector<Text>& tests, const std::vector<Words>& cores, const ContaminationOptions& options)
      : common_(static_cast<size_t>(options.common)), totals_(tests.size(), 0) {
    const auto longest = static_cast<size_t>(options.ngram);
    std::unordered_set<std::string> seen;
    for (size_t i = 0; i < tests.size(); ++i) {
      const size_t length = std::min(longest, cores[i].size());
      if (length < std::min(shortest_run, longest) || !seen.insert(tests[i].question).second) continue;
      lengths_.insert(length);
      for_each_run(cores[i], length, [&](Hash hash, size_t) {
        auto& owners = owners_[hash];
        if (owners.empty() || owners.back() != i) owners.push_back(static_cast<uint32_t>(i));
      });
    }
    std::erase_if(owners_, [&](const auto& entry) { return entry.second.size() > common_; });
  }

  /// Drops the runs that stand in many different training questions, then counts those of each test question.
  void drop_common(const std::vector<Text>& training) {
    std::unordered_map<Hash, size_t> rows;
    std::unordered_set<std::string_view> seen;
    for (const Text& text : training) {
      if (!seen.insert(text.question).second) continue;
      for (const auto& [hash, begin] : found_in(text)) ++rows[hash];
    }
    for (const auto& [hash, count] : rows) {
      if (count > common_) owners_.erase(hash);
    }
    for (const auto& [hash, owners] : owners_) {
      for (const uint32_t owner : owners) ++totals_[owner];
    }
  }

  std::optional<Contamination> match(const Text& text, double overlap, const Vocabulary& vocabulary) const {
    const auto found = found_in(text);
    std::unordered_map<uint32_t, size_t> hits;
    for (const auto& [hash, run] : found) {
      for (const uint32_t owner : owners_.at(hash)) ++hits[owner];
    }
    std::optional<Contamination> best;
    for (const auto& [owner, count] : hits) {
      const double share = static_cast<double>(count) / static_cast<double>(totals_[owner]);
      const bool better = !best || share > best->share || (share == best->share && owner < best->test_row);
      if (share >= overlap && better) best = Contamination{owner, "", share};
    }
    if (best) best->shared = first_run(text, found, best->test_row, vocabulary);
    return best;
  }

 private:
  struct Run {
    size_t begin, length;
  };
  using Found = std::unordered_map<Hash, Run>;

  /// The table's runs in a text, each at its first place.
  Found found_in(const Text& text) const {
    Found found;
    for (const size_t length : lengths_) {
      for_each_run(text.all, length, [&](Hash hash, size_t begin) {
        if (owners_.contains(hash)) found.try_emplace(hash, Run{begin, length});
      });
    }
    return found;
  }

  std::string first_run(const Text& text, const Found& found, size_t owner, const Vocabulary& vocabulary) const {
    Run first{text.all.size(), 0};
    for (const auto& [hash, run] : found) {
      const auto& owners = owners_.at(hash);
      if (run.begin < first.begin && std::find(owners.begin(), owners.end(), owner) != owners.end()) first = run;
    }
    std::string words;
    for (size_t i = first.begin; i < first.begin + first.length; ++i) {
      words += (words.empty() ? "" : " ") + vocabulary.words[text.all[i]];
    }
    return words;
  }

  size_t common_;
  std::unordered_set<size_t> lengths_;
  std::unordered_map<Hash, std::vector<uint32_t>> owners_;
  std::vector<size_t> totals_;  // runs that count, by test row
};

/// The test questions without their sets' frames.
std::vector<Words> cores_of(const std::vector<Text>& tests, const std::vector<Text>& training, size_t common) {
  std::vector<Words> forwards, backwards;
  for (const auto* texts : {&tests, &training}) {
    for (const Text& text : *texts) {
      forwards.push_back(text.asked);
      backwards.push_back(reversed(text.asked));
    }
  }
  const SharedOpenings openings(std::move(forwards), common), closings(std::move(backwards), common);
  std::vector<Words> cores;
  for (const Text& test : tests) {
    const size_t opening = openings.of(test.asked), closing = closings.of(reversed(test.asked));
    const bool framed_only = opening + closing >= test.asked.size();
    cores.push_back(framed_only ? Words()
                                : Words(test.asked.begin() + static_cast<std::ptrdiff_t>(opening),
                                        test.asked.end() - static_cast<std::ptrdiff_t>(closing)));
  }
  return cores;
}

}  // namespace

std::vector<std::optional<Contamination>> find_contamination(const std::vector<Row>& training, const std::vector<Row>& tests,
                                                             const ContaminationOptions& options) {
  Vocabulary vocabulary;
  const std::vector<Text> test_texts = texts_of(tests, vocabulary), texts = texts_of(training, vocabulary);
  std::unordered_map<std::string_view, size_t> questions;
  for (size_t i = 0; i < tests.size(); ++i) {
    if (!test_texts[i].question.empty()) questions.try_emplace(test_texts[i].question, i);
  }
  RunTable runs(test_texts, cores_of(test_texts, texts, static_cast<size_t>(options.common)), options);
  runs.drop_common(texts);
  std::vector<std::optional<Contamination>> found;
  for (const Text& text : texts) {
    const auto same = questions.find(text.question);
    found.push_back(same != questions.end() ? std::optional(Contamination{same->second, "", 1.0})
                                            : runs.match(text, options.overlap, vocabulary));
  }
  return found;
}

}  // namespace hyplora
