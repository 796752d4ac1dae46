// The processes of one run. One process is a group of one, whose exchanges hand back what they are given: no caller asks
// whether it is distributed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dist/launch.h"

namespace hyplora {

class Group {
 public:
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool first() const { return rank_ == 0; }

  /// Every process calls the same ones of these in the same order, with any bytes. Rank 0 gets what each gave, by rank; the
  /// others get nothing. RunError: another process failed or is gone.
  std::vector<std::string> gather(const std::string& mine) { return exchange(mine, false); }
  /// The same for everybody.
  std::vector<std::string> all_gather(const std::string& mine) { return exchange(mine, true); }
  void wait_for_all() { all_gather(""); }
  bool any(bool mine);

 protected:
  Group(int rank, int size) : rank_(rank), size_(size) {}
  virtual std::vector<std::string> exchange(const std::string& mine, bool to_all) = 0;

 private:
  int rank_, size_;
};

/// Waits until all processes are there. RunError when they do not meet; InputError when there is no such host, or this
/// build has no way to meet.
std::shared_ptr<Group> join_group(const LaunchInfo& info);
/// Of this process alone.
std::shared_ptr<Group> group_of_one();

// The ways to meet, for join_group.
std::shared_ptr<Group> join_through_store(const LaunchInfo& info);
std::shared_ptr<Group> join_through_mpi(const LaunchInfo& info);

}  // namespace hyplora
