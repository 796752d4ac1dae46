// Times a tokenizer on one thread: hyplora-bench-tokenizer FOLDER TEXTS.json [ROUNDS]. Prints the time of loading in
// milliseconds, the best round's speed in MB/s, and how many ids there were.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/error.h"
#include "text/tokenizer.h"

using namespace hyplora;
using Clock = std::chrono::steady_clock;

namespace {

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void run(const char* folder, const char* file, int rounds) {
  const auto texts = read_json(file).get<std::vector<std::string>>();
  size_t bytes = 0, ids = 0;
  for (const auto& text : texts) bytes += text.size();
  const auto start = Clock::now();
  const auto tokenizer = load_tokenizer(folder);
  const double loading = seconds_since(start);
  double best = 1e9;
  for (int round = 0; round < rounds; ++round) {
    ids = 0;
    const auto begin = Clock::now();
    for (const auto& text : texts) ids += tokenizer->encode(text, false).size();
    best = std::min(best, seconds_since(begin));
  }
  std::printf("%.1f %.2f %zu\n", loading * 1e3, static_cast<double>(bytes) / best / 1e6, ids);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: hyplora-bench-tokenizer FOLDER TEXTS.json [ROUNDS]\n");
    return 2;
  }
  try {
    run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 5);
  } catch (const InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
