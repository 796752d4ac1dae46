// The processes of one run. One process is a group of one, whose exchanges hand back what they are given: no caller asks
// whether it is distributed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/fields.h"
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
  std::vector<std::string> gather(const std::string& mine) { return exchange_anew(mine, false); }
  /// As `gather`, but every process gets what each gave.
  std::vector<std::string> all_gather(const std::string& mine) { return exchange_anew(mine, true); }
  void wait_for_all() { all_gather(""); }

  /// Rank 0 does the work and everybody gets what it made; only rank 0 calls `work`. Where it throws, everybody throws: an
  /// InputError with the same sentence, and for anything else a RunError with it (rank 0: what was thrown).
  Json from_first(const std::function<Json()>& work);
  /// The sum of what each process gave, for everybody the same to the last bit.
  int64_t sum(int64_t mine);
  double sum(double mine);
  bool any(bool mine) { return sum(int64_t{mine}) > 0; }

 protected:
  Group(int rank, int size) : rank_(rank), size_(size) {}
  virtual std::vector<std::string> exchange(const std::string& mine, bool to_all) = 0;
  /// For destructors: this process ends with an error that the others do not have too.
  bool fails_alone() const;

 private:
  std::vector<std::string> exchange_anew(const std::string& mine, bool to_all);

  int rank_, size_;
  bool all_fail_ = false;  // by what from_first threw
};

/// Waits until all processes are there. RunError when they do not meet; InputError when there is no such host, or this
/// build has no way to meet.
std::shared_ptr<Group> join_group(const LaunchInfo& info);
/// The group of this process alone.
std::shared_ptr<Group> group_of_one();

// The ways to meet, for join_group.
std::shared_ptr<Group> join_through_store(const LaunchInfo& info);
std::shared_ptr<Group> join_through_mpi(const LaunchInfo& info);

}  // namespace hyplora
