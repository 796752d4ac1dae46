// Groups whose processes are threads of this one. Those of mpirun and torchrun are in tests/programs/ranks.cpp.
#include "dist/group.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "support/launch.h"
#include "support/support.h"

namespace hyplora {
namespace {

using Bodies = std::vector<std::function<void(Group&)>>;

/// Each body as one rank; what it threw, or "".
std::vector<std::string> run_ranks(const Bodies& bodies) {
  const int port = test::free_port();
  std::vector<std::string> errors(bodies.size());
  std::vector<std::thread> threads;
  for (size_t rank = 0; rank < bodies.size(); ++rank) {
    threads.emplace_back([&, rank] {
      LaunchInfo info;
      info.rank = static_cast<int>(rank);
      info.size = static_cast<int>(bodies.size());
      info.address = "127.0.0.1";
      info.port = port;
      try {
        bodies[rank](*join_group(info));
      } catch (const std::exception& error) {
        errors[rank] = error.what();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return errors;
}

TEST_CASE("A group of one hands back what it is given", "[dist]") {
  const auto group = join_group({});
  CHECK(group->first());
  CHECK(group->size() == 1);
  CHECK(group->gather("a") == std::vector<std::string>{"a"});
  CHECK(group->all_gather("b") == std::vector<std::string>{"b"});
  CHECK(group->any(true));
  CHECK_FALSE(group->any(false));
  CHECK(group->sum(int64_t{-7}) == -7);
  CHECK(group->sum(0.1) == 0.1);
  CHECK(group->from_first([] { return Json{{"n", 3}}; }) == Json{{"n", 3}});
}

TEST_CASE("Rank 0 gathers the bytes of all ranks, in their order, of any size, again and again", "[dist]") {
  const std::string zeros("a\0b", 3), large(20'000'001, 'x');
  std::vector<std::vector<std::string>> got(3);
  std::vector<bool> any(3);
  Bodies bodies;
  for (int rank = 0; rank < 3; ++rank) {
    bodies.push_back([&, rank](Group& group) {
      group.wait_for_all();
      const auto place = static_cast<size_t>(rank);
      got[place] = group.gather(rank == 0 ? "" : rank == 1 ? zeros : large);
      const auto all = group.all_gather(std::to_string(rank));
      got[place].insert(got[place].end(), all.begin(), all.end());
      any[place] = group.any(rank == 2) && !group.any(false);
    });
  }
  CHECK(run_ranks(bodies) == std::vector<std::string>{"", "", ""});
  CHECK(got[0] == std::vector<std::string>{"", zeros, large, "0", "1", "2"});
  CHECK(got[1] == std::vector<std::string>{"0", "1", "2"});
  CHECK(got[2] == got[1]);
  CHECK(any == std::vector<bool>{true, true, true});
}

/// The same body as each of three ranks.
std::vector<std::string> run_three(const std::function<void(Group&)>& body) { return run_ranks({body, body, body}); }

TEST_CASE("What rank 0 made is everybody's, text of any bytes and numbers to the last bit", "[dist]") {
  const Json made{{"rows", {1, 2, 5}}, {"text", "a\xff\n"}, {"share", 0.1 + 0.2}, {"nothing", nullptr}};
  std::atomic<int> worked = 0;
  const auto errors = run_three([&](Group& group) {
    const Json got = group.from_first([&] {
      ++worked;
      return made;
    });
    if (got != made) throw std::runtime_error("it is another");
  });
  CHECK(errors == std::vector<std::string>{"", "", ""});
  CHECK(worked == 1);
}

TEST_CASE("What rank 0's work throws is thrown by every rank, with its sentence and exit code", "[dist]") {
  using Three = std::vector<std::string>;
  const auto thrown_by = [](const std::function<Json()>& work) {
    Three thrown(3);
    const auto others = run_three([&](Group& group) {
      try {
        group.from_first(work);
      } catch (const Error& error) {
        thrown[static_cast<size_t>(group.rank())] = fmt::format("{} {}", error.exit_code(), error.what());
      }
      group.wait_for_all();  // they can go on together
    });
    CHECK(others == Three(3));
    return thrown;
  };
  CHECK(thrown_by([]() -> Json { throw InputError("x.json: is {}.", "gone"); }) == Three(3, "2 x.json: is gone."));
  CHECK(thrown_by([]() -> Json { throw RunError("the disk is full."); }) == Three(3, "1 the disk is full."));
}

TEST_CASE("Work of rank 0 that fails ends every rank with its text, which no other's end hides", "[dist]") {
  const auto errors =
      run_three([](Group& group) { group.from_first([]() -> Json { throw std::out_of_range("no such key"); }); });
  CHECK(errors == std::vector<std::string>(3, "no such key"));
}

TEST_CASE("Sums are those of all ranks, on every rank the same bits", "[dist]") {
  std::vector<int64_t> whole(3);
  std::vector<double> real(3);
  const auto errors = run_three([&](Group& group) {
    const auto place = static_cast<size_t>(group.rank());
    whole[place] = group.sum((int64_t{1} << 60) * (group.rank() - 1) + 1);
    real[place] = group.sum(std::array{0.1, 1e17, -1e17}[place]);
  });
  CHECK(errors == std::vector<std::string>{"", "", ""});
  CHECK(whole == std::vector<int64_t>(3, 3));
  CHECK(real == std::vector<double>(3, 0.1 + 1e17 - 1e17));
}

TEST_CASE("A rank that fails ends the others' waiting", "[dist]") {
  const auto wait = [](Group& group) { group.gather(""); };
  const auto fail = [](Group&) { throw std::runtime_error("disk full"); };
  const auto errors = run_ranks({wait, fail});
  CHECK(errors[0] == "rank 0 stops because rank 1 failed.");
  CHECK(errors[1] == "disk full");
}

TEST_CASE("A host that nobody knows is bad input, at once", "[dist]") {
  LaunchInfo info;
  info.rank = 1;
  info.size = 2;
  info.address = "no.such.host.invalid";
  info.port = 29500;
  CHECK(test::input_error([&] { join_group(info); }).find("no.such.host.invalid, where the processes are to meet: ") == 0);
}

/// A connection to the port that says this and stays open for a while.
class Stranger {
 public:
  Stranger(int port, const std::string& says) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < 500 && ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    connected_ = ::send(socket_, says.data(), says.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(says.size());
  }
  ~Stranger() { ::close(socket_); }
  bool connected() const { return connected_; }

 private:
  int socket_;
  bool connected_ = false;
};

LaunchInfo seat(int rank, int size, int port, const std::string& token = "") {
  LaunchInfo info;
  info.rank = rank;
  info.size = size;
  info.address = "127.0.0.1";
  info.port = port;
  info.prefix = token;
  return info;
}

TEST_CASE("Strangers on the port, who say nothing, half or nonsense, neither join nor disturb", "[dist]") {
  const int port = test::free_port();
  std::string first;
  std::thread zero([&] {
    const auto group = join_group(seat(0, 2, port));
    first = fmt::format("{}", fmt::join(group->gather("zero"), " "));
  });
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (const std::string& says :
       {std::string(), std::string("GET / HTTP/1.1\r\n\r\n"), std::string(3, '\0'), std::string(100'000, '\xff')})
    strangers.push_back(std::make_unique<Stranger>(port, says));
  CHECK(strangers.front()->connected());
  join_group(seat(1, 2, port))->gather("one");
  zero.join();
  CHECK(first == "zero one");
}

TEST_CASE("Two processes of one rank are refused, and so is one of another run", "[dist]") {
  const int port = test::free_port();
  std::thread zero([&] { join_group(seat(0, 2, port, "this run"))->wait_for_all(); });
  std::string twice;
  try {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));  // rank 0 serves the store and has its seat
    LaunchInfo another = seat(0, 2, port, "this run");
    another.store_is_there = true;
    join_group(another);
  } catch (const std::exception& error) {
    twice = error.what();
  }
  CHECK_THAT(twice, test::Contains("another process has this rank"));
  join_group(seat(1, 2, port, "this run"))->wait_for_all();
  zero.join();
}

TEST_CASE("On a loopback address nobody else is listened to", "[dist]") {
  const int port = test::free_port();
  std::thread zero([&] { join_group(seat(0, 2, port))->wait_for_all(); });
  const auto one = join_group(seat(1, 2, port));
  std::ifstream table("/proc/net/tcp");
  const std::string suffix = fmt::format(":{:04X} ", port);
  bool found = false;
  for (std::string line; std::getline(table, line);) {
    // "<number>: <local address>:<port> <remote address>:<port> 0A ...": 0A listens
    if (line.find(suffix) == line.npos || line.find(" 0A ") == line.npos) continue;
    found = true;
    CHECK_THAT(line, test::Contains("0100007F" + suffix));
  }
  CHECK(found);
  one->wait_for_all();
  zero.join();
}

}  // namespace
}  // namespace hyplora
