#include "signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>

#include "dist/waiting.h"
#include "io/mapped_files.h"
#include "io/pipes.h"

namespace hyplora::apps {
namespace {

std::atomic<int> stop_signals{0};

void on_stop_signal(int signal) {
  ++stop_signals;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);  // a second one kills
}

void write_error(const char* text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;  // nothing is left to be done about it
}

/// Only calls that are safe in a handler.
void on_bus_error(int, siginfo_t* info, void*) {
  const char* path = mapped_path_at(info->si_addr);
  write_error("error: ");
  write_error(path != nullptr ? path : "a mapped file");
  write_error(": was shortened, or its disk failed, while it was read.\n");
  ::_exit(1);
}

}  // namespace

void catch_stop_signals() {
  set_pipe_poll(poll_stop);
  set_signal_count([] { return stop_signals.load(); });
  for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) std::signal(signal, on_stop_signal);
  // A terminal that is closed or a pipe that nobody reads must not end a long run, and a file that may not grow is a sentence.
  if (std::signal(SIGHUP, on_stop_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // nohup
  for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_IGN);
}

bool stop_requested() { return stop_signals > 0; }

void poll_stop() {
  if (stop_requested()) throw StoppedEarly();
}

void name_shortened_files() {
  struct sigaction action {};
  action.sa_sigaction = on_bus_error;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
}

InterruptHeard::InterruptHeard() { std::signal(SIGINT, on_stop_signal); }

InterruptHeard::~InterruptHeard() {
  std::signal(SIGINT, SIG_DFL);
  stop_signals = 0;
}

}  // namespace hyplora::apps
