// A program as a process of its own that can be hit: started without waiting, watched, sent signals, its environment and limits
// set.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "support/support.h"

namespace hyplora::test {

struct LaunchOptions {
  std::map<std::string, std::string> environment;  // added to this process' own
  int64_t largest_file = 0;                        // RLIMIT_FSIZE in bytes; 0: none
  bool as_nobody = false;                          // gives up root
};

class Launch {
 public:
  Launch(const std::string& program, const std::vector<std::string>& arguments, const LaunchOptions& options = {});
  ~Launch();

  void signal(int number) const;
  /// Whether it has come so far that it handles the signal itself (Linux: SigCgt of /proc/PID/status).
  bool catches(int number) const;
  /// Bytes that it has read so far, from whatever (Linux: rchar of /proc/PID/io); 0 when it has ended.
  int64_t bytes_read() const;
  /// Exit status, or 128 + the signal that ended it.
  int wait();
  /// Whether it ended by itself within the time.
  bool ends_within(double seconds);
  std::string errors() const { return read_file(folder_ / "err"); }

 private:
  /// What stands behind the key in /proc/PID/<file>; empty where it is not there.
  std::string said_by_proc(const std::string& file, const std::string& key) const;

  TempFolder folder_;
  pid_t process_ = -1;
  int status_ = -1;
  bool ended_ = false;
};

/// A TCP port of this machine that nobody listens on.
int free_port();

/// Asks until it holds; false after `seconds`.
bool holds_within(double seconds, const std::function<bool()>& condition);

}  // namespace hyplora::test
