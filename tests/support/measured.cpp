#include "support/measured.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/files.h"

namespace hyplora::test {

Measured run_measured(const fs::path& folder, const std::string& program, const std::vector<std::string>& arguments) {
  const TempFolder streams;
  const std::string path = (programs() / program).string(), out = (streams / "out").string(), err = (streams / "err").string();
  std::vector<char*> words{const_cast<char*>(path.c_str())};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0644), 1);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0644), 2);
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    ::alarm(60);
    ::execv(path.c_str(), words.data());
    ::_exit(127);
  }
  int status = 0;
  rusage used{};
  ::wait4(process, &status, 0, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return {{WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)},
          seconds(used.ru_utime) + seconds(used.ru_stime),
          used.ru_maxrss * 1024};
}

}  // namespace hyplora::test
