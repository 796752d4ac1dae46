// Which of how many processes this one is, as its launcher says in the environment:
//   torchrun   RANK, WORLD_SIZE, LOCAL_RANK; MASTER_ADDR and MASTER_PORT, where the processes meet
//   Open MPI   OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE, OMPI_COMM_WORLD_LOCAL_RANK; they meet through MPI
//   Slurm      SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID; they meet on the first host of SLURM_STEP_NODELIST or
//              SLURM_JOB_NODELIST, unless MASTER_ADDR and MASTER_PORT say where
// Of several the first in this list counts: mpirun inside of a Slurm job sets its own beside Slurm's. A batch script itself
// (ENVIRONMENT=BATCH without SLURM_STEP_ID) is one process, whatever number of tasks it may start.
// Processes of one run share a token: torchrun's run id, Slurm's job and step, and HYPLORA_RUN_TOKEN where that is set.
#pragma once

#include <functional>
#include <string>

namespace hyplora {

struct LaunchInfo {
  int rank = 0, size = 1, local_rank = 0;
  bool through_mpi = false;
  std::string address;  // of rank 0, where not through MPI and size > 1
  int port = 0;
  bool store_is_there = false;  // torchrun's agent serves the store itself
  std::string prefix;           // the run's token: of keys in that store
};

/// The value of an environment variable, or null.
using Environment = std::function<const char*(const char*)>;

/// InputError: a variable that is missing or no number, or a rank outside of 0 ... size - 1.
LaunchInfo launch_info(const Environment& environment);
LaunchInfo launch_info();

/// "gpu[03-07,9],login1" -> "gpu03".
std::string first_host(const std::string& node_list);

}  // namespace hyplora
