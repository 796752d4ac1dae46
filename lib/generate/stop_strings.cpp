#include "generate/stop_strings.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {
namespace {

/// Bytes at the end of `text` that a stop string might begin with.
size_t possible_beginning(const std::string& text, const std::vector<std::string>& stops) {
  size_t longest = 0;
  for (const auto& stop : stops) {
    for (size_t n = std::min(text.size(), stop.size() - 1); n > longest; --n) {
      if (std::string_view(text).substr(text.size() - n) == std::string_view(stop).substr(0, n)) longest = n;
    }
  }
  return longest;
}

size_t earliest(const std::string& text, const std::vector<std::string>& stops) {
  size_t place = std::string::npos;
  for (const auto& stop : stops) place = std::min(place, text.find(stop));
  return place;
}

}  // namespace

std::string before_stop(const std::string& text, const std::vector<std::string>& stops) {
  return text.substr(0, earliest(text, stops));
}

void StoppedText::follow(const Ids& prompt) {
  for (const int64_t id : prompt) stream_.next(id);
}

std::string StoppedText::next(int64_t id) { return stopped_ ? std::string() : take(stream_.next(id), false); }

std::string StoppedText::rest() { return stopped_ ? std::string() : take(stream_.rest(), true); }

std::string StoppedText::take(const std::string& fresh, bool last) {
  held_ += fresh;
  const size_t end = earliest(held_, *stops_);
  stopped_ = end != std::string::npos;
  const size_t given = stopped_ ? end : held_.size() - (last ? 0 : possible_beginning(held_, *stops_));
  std::string text = held_.substr(0, given);
  held_.erase(0, given);
  return text;
}

bool StopWatch::sees(size_t prompt, const Ids& made) {
  StoppedText& text = texts_.try_emplace(prompt, tokenizer_, stops_).first->second;
  text.next(made.back());
  return text.stopped();
}

}  // namespace hyplora
