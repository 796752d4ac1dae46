// Signals that ask a program to stop.
#pragma once

namespace hyplora::apps {

/// From now on SIGTERM, SIGUSR1, SIGINT and SIGHUP set a flag instead of killing; a second SIGINT kills.
void catch_stop_signals();
bool stop_requested();

/// Thrown by poll_stop when a signal came.
struct StoppedEarly {};
/// For work before there is anything to save. While a pipe is waited for, it is asked as well.
void poll_stop();

/// From now on a mapped file that is shortened under the program ends it with a sentence that names the file.
void name_shortened_files();

/// While it lives, a SIGINT makes stop_requested true instead of killing (a second one kills); then all is as before.
class InterruptHeard {
 public:
  InterruptHeard();
  ~InterruptHeard();
  InterruptHeard(const InterruptHeard&) = delete;
  InterruptHeard& operator=(const InterruptHeard&) = delete;
};

}  // namespace hyplora::apps
