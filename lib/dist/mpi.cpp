// A group that meets through MPI, for processes that mpirun started.
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/error.h"
#include "dist/group.h"
#include "dist/waiting.h"

namespace hyplora {
namespace {

constexpr int64_t largest_message = 1 << 30;  // MPI counts in int

class MpiGroup : public Group {
 public:
  explicit MpiGroup(const LaunchInfo& info) : Group(info.rank, info.size) {}

  ~MpiGroup() override {
    // mpirun ends the others of a process that leaves without this.
    if (!fails_alone()) MPI_Finalize();
  }

 private:
  std::vector<std::string> exchange(const std::string& mine, bool to_all) override {
    std::vector<int64_t> sizes(static_cast<size_t>(size()));
    const auto my_size = static_cast<int64_t>(mine.size());
    MPI_Request request;
    MPI_Iallgather(&my_size, 1, MPI_INT64_T, sizes.data(), 1, MPI_INT64_T, MPI_COMM_WORLD, &request);
    wait(request);
    std::vector<std::string> all;
    for (int from = 0; from < size(); ++from) {
      std::string bytes = from == rank() ? mine : std::string(to_all || first() ? sizes[static_cast<size_t>(from)] : 0, '\0');
      for (int64_t begin = 0; begin < sizes[static_cast<size_t>(from)]; begin += largest_message)
        pass(bytes, begin, std::min(largest_message, sizes[static_cast<size_t>(from)] - begin), from, to_all);
      if (to_all || first()) all.push_back(std::move(bytes));
    }
    return all;
  }

  /// mpirun ends all when one dies; what is left to hear here are signals.
  static void wait(MPI_Request& request) {
    Waiting waiting;
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    for (std::chrono::microseconds pause(50); done == 0; pause = std::min(2 * pause, std::chrono::microseconds(5000))) {
      waiting.go_on("the other ranks");
      std::this_thread::sleep_for(pause);
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    }
  }

  /// A stretch of rank `from`'s bytes to everybody or to rank 0.
  void pass(std::string& bytes, int64_t begin, int64_t count, int from, bool to_all) const {
    constexpr int tag = 0;
    char* place = bytes.data() + begin;
    const int number = static_cast<int>(count);
    MPI_Request request = MPI_REQUEST_NULL;
    if (to_all) {
      MPI_Ibcast(place, number, MPI_CHAR, from, MPI_COMM_WORLD, &request);
    } else if (from != 0 && from == rank()) {
      MPI_Isend(place, number, MPI_CHAR, 0, tag, MPI_COMM_WORLD, &request);
    } else if (from != 0 && first()) {
      MPI_Irecv(place, number, MPI_CHAR, from, tag, MPI_COMM_WORLD, &request);
    }
    wait(request);
  }
};

}  // namespace

std::shared_ptr<Group> join_through_mpi(const LaunchInfo& info) {
  int provided = 0, size = 0, rank = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (size != info.size || rank != info.rank) {
    throw InputError(
        "MPI counts {} processes and this as rank {}, mpirun's variables {} and rank {}: was the program built "
        "with another MPI than mpirun's?",
        size, rank, info.size, info.rank);
  }
  return std::make_shared<MpiGroup>(info);
}

}  // namespace hyplora
