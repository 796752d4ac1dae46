// In place of mpi.cpp where the build found no MPI.
#include "core/error.h"
#include "dist/group.h"

namespace hyplora {

std::shared_ptr<Group> join_through_mpi(const LaunchInfo& info) {
  throw InputError(
      "mpirun started {} processes, but this build has no MPI: start them with torchrun or srun, or build where "
      "MPI is installed.",
      info.size);
}

}  // namespace hyplora
