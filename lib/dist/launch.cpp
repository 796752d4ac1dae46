#include "dist/launch.h"

#include <charconv>
#include <cstdlib>

#include "core/error.h"

namespace hyplora {
namespace {

class Variables {
 public:
  explicit Variables(const Environment& environment) : environment_(environment) {}

  std::string text(const char* name) const {
    const char* value = environment_(name);
    return value == nullptr ? "" : value;
  }
  bool has(const char* name) const { return !text(name).empty(); }

  int number(const char* name, int least, int most) const {
    const std::string value = text(name);
    int found = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), found);
    if (value.empty() || error != std::errc() || end != value.data() + value.size() || found < least || found > most) {
      throw InputError("environment variable {}: found \"{}\", expected a number from {} to {}.", name, value, least, most);
    }
    return found;
  }
  /// A number of any size, or 0 where the variable is not there: interactive steps have the number 4294967290.
  uint64_t count(const char* name) const {
    const std::string value = text(name);
    uint64_t found = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), found);
    if (!value.empty() && (error != std::errc() || end != value.data() + value.size()))
      throw InputError("environment variable {}: found \"{}\", expected a number.", name, value);
    return found;
  }
  /// What processes of this run know and others do not.
  std::string token(const std::string& of_launcher) const { return text("HYPLORA_RUN_TOKEN") + "/" + of_launcher; }
  int number(const char* name, int least, int most, int otherwise) const {
    return has(name) ? number(name, least, most) : otherwise;
  }

 private:
  const Environment& environment_;
};

constexpr int most_processes = 1 << 20, most_ports = 65535;  // far above any run, and what TCP has

LaunchInfo place(const Variables& variables, const char* rank, const char* size, const char* local_rank) {
  LaunchInfo info;
  info.size = variables.number(size, 1, most_processes);
  info.rank = variables.number(rank, 0, info.size - 1);
  info.local_rank = variables.number(local_rank, 0, info.size - 1, info.rank);
  return info;
}

LaunchInfo of_torchrun(const Variables& variables) {
  LaunchInfo info = place(variables, "RANK", "WORLD_SIZE", "LOCAL_RANK");
  if (info.size == 1) return info;
  info.address = variables.text("MASTER_ADDR");
  if (info.address.empty()) throw InputError("environment variable MASTER_ADDR is missing: WORLD_SIZE is {}.", info.size);
  info.port = variables.number("MASTER_PORT", 1, most_ports);
  info.store_is_there = variables.text("TORCHELASTIC_USE_AGENT_STORE") == "True";
  info.prefix =
      variables.token(variables.text("TORCHELASTIC_RUN_ID") + "/attempt_" + variables.text("TORCHELASTIC_RESTART_COUNT"));
  return info;
}

LaunchInfo of_slurm(const Variables& variables) {
  LaunchInfo info = place(variables, "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID");
  if (info.size == 1) return info;
  info.address = variables.text("MASTER_ADDR");
  for (const char* list : {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"}) {
    if (info.address.empty()) info.address = first_host(variables.text(list));
  }
  if (info.address.empty()) {
    throw InputError("environment variable SLURM_JOB_NODELIST is missing: SLURM_NTASKS is {}.", info.size);
  }
  // Jobs that share a host must not share a port.
  const uint64_t job = variables.count("SLURM_JOB_ID") + variables.count("SLURM_STEP_ID");
  info.port = variables.number("MASTER_PORT", 1, most_ports, 15000 + static_cast<int>(job % 10000));
  info.prefix = variables.token(fmt::format("slurm_{}.{}", variables.text("SLURM_JOB_ID"), variables.text("SLURM_STEP_ID")));
  return info;
}

bool is_batch_script(const Variables& variables) {
  return variables.text("ENVIRONMENT") == "BATCH" && !variables.has("SLURM_STEP_ID");
}

}  // namespace

std::string first_host(const std::string& node_list) {
  std::string host;
  for (size_t i = 0; i < node_list.size() && node_list[i] != ','; ++i) {
    if (node_list[i] != '[') {
      host += node_list[i];
      continue;
    }
    const size_t close = node_list.find(']', i), end = node_list.find_first_of("-,]", i);
    if (close == node_list.npos) throw InputError("node list \"{}\": a \"]\" is missing.", node_list);
    host += node_list.substr(i + 1, end - i - 1);
    i = close;
  }
  return host;
}

LaunchInfo launch_info(const Environment& environment) {
  const Variables variables(environment);
  if (variables.has("WORLD_SIZE")) return of_torchrun(variables);
  if (variables.has("OMPI_COMM_WORLD_SIZE")) {
    LaunchInfo info = place(variables, "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK");
    info.through_mpi = true;
    return info;
  }
  if (variables.has("SLURM_NTASKS") && variables.has("SLURM_PROCID") && !is_batch_script(variables)) return of_slurm(variables);
  return {};
}

LaunchInfo launch_info() { return launch_info(::getenv); }

}  // namespace hyplora
