#include "dist/group.h"

#include <cstring>
#include <exception>

#include "core/error.h"

namespace hyplora {
namespace {

class GroupOfOne : public Group {
 public:
  GroupOfOne() : Group(0, 1) {}

 private:
  std::vector<std::string> exchange(const std::string& mine, bool) override { return {mine}; }
};

/// Binary, so that text arrives as it is, valid or not.
std::string packed(const Json& json) {
  std::string bytes;
  Json::to_msgpack(json, bytes);
  return bytes;
}

/// How rank 0's work ended, as the others hear it.
struct Ending {
  Json told;
  std::exception_ptr thrown;
};

Ending ending_of(const std::function<Json()>& work) {
  try {
    return {{{"made", work()}}, nullptr};
  } catch (const InputError& error) {
    return {{{"input_error", error.what()}}, std::current_exception()};
  } catch (const std::exception& error) {
    return {{{"run_error", error.what()}}, std::current_exception()};
  }
}

/// Each value travels as its bytes; they are added in the order of the ranks.
template <class Number>
Number sum_over(Group& group, Number mine) {
  Number sum = 0;
  for (const std::string& bytes : group.all_gather({reinterpret_cast<const char*>(&mine), sizeof mine})) {
    Number value;
    std::memcpy(&value, bytes.data(), sizeof value);
    sum += value;
  }
  return sum;
}

}  // namespace

bool Group::fails_alone() const { return std::uncaught_exceptions() > 0 && !all_fail_; }

std::vector<std::string> Group::exchange_anew(const std::string& mine, bool to_all) {
  all_fail_ = false;
  return exchange(mine, to_all);
}

Json Group::from_first(const std::function<Json()>& work) {
  const Ending ending = first() ? ending_of(work) : Ending();
  const auto all = all_gather(first() ? packed(ending.told) : "");
  Json told = Json::from_msgpack(all[0]);
  all_fail_ = !told.contains("made");
  if (ending.thrown) std::rethrow_exception(ending.thrown);
  if (told.contains("input_error")) throw InputError("{}", told["input_error"].get<std::string>());
  if (told.contains("run_error")) throw RunError("{}", told["run_error"].get<std::string>());
  return std::move(told["made"]);
}

int64_t Group::sum(int64_t mine) { return sum_over(*this, mine); }
double Group::sum(double mine) { return sum_over(*this, mine); }

std::shared_ptr<Group> group_of_one() { return std::make_shared<GroupOfOne>(); }

std::shared_ptr<Group> join_group(const LaunchInfo& info) {
  if (info.size == 1) return group_of_one();
  return info.through_mpi ? join_through_mpi(info) : join_through_store(info);
}

}  // namespace hyplora
