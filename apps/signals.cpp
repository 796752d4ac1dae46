#include "signals.h"

#include <atomic>
#include <csignal>

namespace hyplora::apps {
namespace {

std::atomic<bool> stop_flag{false};

void on_stop_signal(int signal) {
  stop_flag = true;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);  // a second one kills
}

}  // namespace

void catch_stop_signals() {
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) std::signal(signal, on_stop_signal);
  // A terminal that is closed or a pipe that nobody reads must not end a long run, and a file that may not grow is a sentence.
  if (std::signal(SIGHUP, on_stop_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

bool stop_requested() { return stop_flag; }

InterruptHeard::InterruptHeard() { std::signal(SIGINT, on_stop_signal); }

InterruptHeard::~InterruptHeard() {
  std::signal(SIGINT, SIG_DFL);
  stop_flag = false;
}

}  // namespace hyplora::apps
