#include "support/launch.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

namespace hyplora::test {
namespace {

[[noreturn]] void become(const std::string& program, const std::vector<std::string>& arguments, const LaunchOptions& options,
                         const std::string& errors) {
  const int err = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644), null = ::open("/dev/null", O_RDWR);
  ::dup2(null, 0);
  ::dup2(null, 1);
  ::dup2(err, 2);
  for (const auto& [name, value] : options.environment) ::setenv(name.c_str(), value.c_str(), 1);
  if (options.largest_file > 0) {
    const rlimit limit{static_cast<rlim_t>(options.largest_file), static_cast<rlim_t>(options.largest_file)};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  if (options.as_nobody && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(126);
  std::vector<char*> words{const_cast<char*>(program.c_str())};
  for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execv(program.c_str(), words.data());
  ::_exit(127);
}

}  // namespace

Launch::Launch(const std::string& program, const std::vector<std::string>& arguments, const LaunchOptions& options) {
  const std::string path = (programs() / program).string(), errors = (folder_ / "err").string();
  process_ = ::fork();
  if (process_ == 0) become(path, arguments, options, errors);
}

Launch::~Launch() {
  if (!ended_) {
    signal(SIGKILL);
    wait();
  }
}

void Launch::signal(int number) const {
  if (!ended_) ::kill(process_, number);
}

bool Launch::catches(int number) const {
  std::error_code gone;
  if (fs::read_symlink("/proc/" + std::to_string(process_) + "/exe", gone) == fs::read_symlink("/proc/self/exe"))
    return false;  // it is still this program, with this program's handlers
  const std::string mask = said_by_proc("status", "SigCgt:");
  return !mask.empty() && (std::stoull(mask, nullptr, 16) >> (number - 1) & 1) != 0;
}

int64_t Launch::bytes_read() const {
  const std::string bytes = said_by_proc("io", "rchar:");
  return bytes.empty() ? 0 : std::stoll(bytes);
}

std::string Launch::said_by_proc(const std::string& file, const std::string& key) const {
  std::ifstream lines("/proc/" + std::to_string(process_) + "/" + file);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return "";
}

int Launch::wait() {
  if (!ended_) {
    int status = 0;
    ::waitpid(process_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    ended_ = true;
  }
  return status_;
}

bool Launch::ends_within(double seconds) {
  return holds_within(seconds, [&] {
    siginfo_t info{};
    return ended_ ||
           (::waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0);
  });
}

int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(listener, reinterpret_cast<sockaddr*>(&address), size);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(listener);
  return ntohs(address.sin_port);
}

bool holds_within(double seconds, const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace hyplora::test
