#include "dist/pulse.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>

#include "core/error.h"

namespace hyplora {
namespace {

using namespace std::chrono_literals;

constexpr auto interval = 1s;
constexpr double usual_patience = 60;  // seconds: a busy machine or a slow network may well hold a beat up for some

double patience() {
  const char* text = std::getenv("HYPLORA_RANK_PATIENCE");
  if (text == nullptr) return usual_patience;
  const std::string value = text;
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size() || !(seconds >= 1 && seconds <= 86400))
    throw InputError("environment variable HYPLORA_RANK_PATIENCE: found \"{}\", expected 1 to 86400 seconds.", value);
  return seconds;
}

/// Processes that show the same of this see each other's numbers: one machine since its start, one namespace of processes.
std::string process_space() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::array<char, 64> space{};
  if (::readlink("/proc/self/ns/pid", space.data(), space.size() - 1) < 0) return "";
  return boot + space.data();
}

std::string host_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return host.data();
}

/// Neither there nor anything but its parent's memory of it (Linux: the state behind the name in /proc/PID/stat).
bool is_gone(const std::string& process) {
  std::ifstream file("/proc/" + process + "/stat");
  std::string line;
  if (!std::getline(file, line)) return true;
  const size_t name_ends = line.rfind(')');
  return name_ends != line.npos && line.size() > name_ends + 2 && (line[name_ends + 2] == 'Z' || line[name_ends + 2] == 'X');
}

std::string key_of(const char* what, int rank) { return std::string(what) + "/" + std::to_string(rank); }

}  // namespace

Pulse::Pulse(c10::intrusive_ptr<c10d::Store> store, int rank) : store_(std::move(store)), rank_(rank), patience_(patience()) {
  store_->set(key_of("process", rank), std::to_string(::getpid()));
  store_->set(key_of("space", rank), process_space());
  store_->set(key_of("host", rank), host_name());
  store_->set(key_of("beat", rank), "0");
  thread_ = std::thread([this] { beat(); });
}

Pulse::~Pulse() {
  ends_ = true;
  thread_.join();
  try {
    store_->set(key_of("left", rank_), "1");
  } catch (const std::exception&) {
    // Whoever serves the store left before; nobody is there to miss this one.
  }
}

void Pulse::beat() {
  constexpr auto look = 20ms;  // so that the end does not wait for a whole interval
  try {
    for (int64_t number = 1; !ends_; ++number) {
      store_->set(key_of("beat", rank_), std::to_string(number));
      for (auto waited = 0ms; waited < interval && !ends_; waited += look) std::this_thread::sleep_for(look);
    }
  } catch (const std::exception&) {
    // The store is gone: whoever exchanges something next is told.
  }
}

void Pulse::require_alive(int other) {
  if (!store_->check({key_of("beat", other)}) || store_->check({key_of("left", other)})) return;
  const std::string process = store_->get_to_str(key_of("process", other)), host = store_->get_to_str(key_of("host", other));
  const std::string space = store_->get_to_str(key_of("space", other));
  if (!space.empty() && space == process_space() && is_gone(process) && !store_->check({key_of("left", other)}))
    throw RunError("rank {} (process {} on {}) has ended without a word, killed or crashed.", other, process, host);
  const std::string beat = store_->get_to_str(key_of("beat", other));
  Heard& heard = heard_[other];
  if (heard.beat != beat) heard = {beat, Clock::now()};
  const double silent = std::chrono::duration<double>(Clock::now() - heard.when).count();
  if (silent > patience_)
    throw RunError("rank {} (process {} on {}) was last heard {:.0f} s ago.", other, process, host, silent);
}

}  // namespace hyplora
