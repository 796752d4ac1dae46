#include "text/split.h"

#include <algorithm>

#include "core/error.h"
#include "text/unicode.h"

namespace hyplora {
namespace {

/// The matches one after the other. One that is empty does not count right behind another, as in the binding of Oniguruma that
/// Hugging Face's code walks with.
class Walk {
 public:
  Walk(std::string_view text, const Finder& find) : text_(text), find_(find) {}

  std::optional<Pattern::Match> next() {
    while (from_ <= text_.size()) {
      const auto match = find_(text_, from_);
      if (!match) return std::nullopt;
      if (match->begin == match->end && last_ == match->end) {
        from_ += from_ < text_.size() ? character_at(text_, from_).bytes : 1;
        continue;
      }
      from_ = match->end;
      last_ = match->end;
      return match;
    }
    return std::nullopt;
  }

 private:
  std::string_view text_;
  const Finder& find_;
  size_t from_ = 0;
  size_t last_ = std::string_view::npos;  // where the last match ended
};

struct Stretch {
  size_t begin, end;
  bool match;
};

/// The matches and what lies between them.
std::vector<Stretch> stretches(std::string_view text, const Cut& cut) {
  std::vector<Stretch> all;
  size_t done = 0;
  Walk walk(text, cut.find);
  while (const auto match = walk.next()) {
    if (done < match->begin) all.push_back({done, match->begin, cut.invert});
    all.push_back({match->begin, match->end, !cut.invert});
    done = match->end;
  }
  if (done < text.size()) all.push_back({done, text.size(), cut.invert});
  return all;
}

/// Joins each stretch with the one before it where it is to be; `all` runs backwards for merged_with_next.
std::vector<Stretch> joined(const std::vector<Stretch>& all, Behavior behavior) {
  std::vector<Stretch> made;
  bool previous = false;
  for (const Stretch& s : all) {
    const bool joins = behavior == Behavior::contiguous ? s.match == previous : s.match && !previous;
    if (joins && !made.empty()) {
      made.back().begin = std::min(made.back().begin, s.begin);
      made.back().end = std::max(made.back().end, s.end);
    } else {
      made.push_back(s);
    }
    previous = s.match;
  }
  return made;
}

}  // namespace

Finder find_string(std::string wanted) {
  return [wanted = std::move(wanted)](std::string_view text, size_t from) -> std::optional<Pattern::Match> {
    const size_t place = text.find(wanted, from);
    if (place == text.npos) return std::nullopt;
    return Pattern::Match{place, place + wanted.size()};
  };
}

Finder find_character(bool (*wanted)(uint32_t)) {
  return [wanted](std::string_view text, size_t from) -> std::optional<Pattern::Match> {
    while (from < text.size()) {
      const Character c = character_at(text, from);
      if (wanted(c.code)) return Pattern::Match{from, from + c.bytes};
      from += c.bytes;
    }
    return std::nullopt;
  };
}

Finder finder_of(const Component& c) {
  const Json& pattern = c.json.contains("pattern") ? c.json["pattern"] : Json();
  if (pattern.is_object() && pattern.contains("String") && pattern["String"].is_string()) {
    return find_string(pattern["String"].get<std::string>());
  }
  if (!pattern.is_object() || !pattern.contains("Regex") || !pattern["Regex"].is_string()) {
    throw InputError("{}: pattern: found {}, expected a String or a Regex.", c.where, shown(pattern));
  }
  return [regex = Pattern::of_oniguruma(pattern["Regex"], c.where)](std::string_view text, size_t from) {
    return regex.find(text, from);
  };
}

Behavior behavior_of(const Component& c, std::optional<std::string> otherwise) {
  const std::string name = text_at(c, "behavior", std::move(otherwise));
  if (name == "Isolated") return Behavior::isolated;
  if (name == "Removed") return Behavior::removed;
  if (name == "MergedWithPrevious") return Behavior::merged_with_previous;
  if (name == "MergedWithNext") return Behavior::merged_with_next;
  if (name == "Contiguous") return Behavior::contiguous;
  throw InputError("{}: behavior: found \"{}\", expected Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous.",
                   c.where, name);
}

std::vector<std::string_view> parts_of(std::string_view text, const Cut& cut) {
  std::vector<Stretch> all = stretches(text, cut);
  const bool backwards = cut.behavior == Behavior::merged_with_next;
  if (backwards) std::reverse(all.begin(), all.end());
  if (cut.behavior != Behavior::isolated && cut.behavior != Behavior::removed) all = joined(all, cut.behavior);
  if (backwards) std::reverse(all.begin(), all.end());
  std::vector<std::string_view> parts;
  for (const Stretch& s : all) {
    const bool removed = s.match && cut.behavior == Behavior::removed;
    if (!removed && s.begin < s.end) parts.push_back(text.substr(s.begin, s.end - s.begin));
  }
  return parts;
}

void replace_all(std::string& text, const Finder& find, const std::string& content) {
  const size_t limit = growth_limit(text.size());
  std::string made;
  size_t done = 0;
  bool any = false;
  Walk walk(text, find);
  while (const auto match = walk.next()) {
    any = true;
    made.append(text, done, match->begin - done);
    made += content;
    if (made.size() > limit) throw InputError("Replace: makes more than {} bytes of a text.", limit);
    done = match->end;
  }
  if (!any) return;
  made.append(text, done);
  text = std::move(made);
}

}  // namespace hyplora
