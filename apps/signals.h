// Signals that ask a program to stop.
#pragma once

namespace hyplora::apps {

/// From now on SIGTERM, SIGUSR1, SIGINT and SIGHUP set a flag instead of killing; a second SIGINT kills.
void catch_stop_signals();
bool stop_requested();

/// While it lives, a SIGINT makes stop_requested true instead of killing (a second one kills); then all is as before.
class InterruptHeard {
 public:
  InterruptHeard();
  ~InterruptHeard();
  InterruptHeard(const InterruptHeard&) = delete;
  InterruptHeard& operator=(const InterruptHeard&) = delete;
};

}  // namespace hyplora::apps
