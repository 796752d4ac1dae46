#include "dist/launch.h"

#include <map>

#include "support/support.h"

namespace hyplora {
namespace {

LaunchInfo under(const std::map<std::string, std::string>& variables) {
  return launch_info([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

TEST_CASE("Without a launcher there is one process", "[dist]") {
  const LaunchInfo info = under({});
  CHECK(info.rank == 0);
  CHECK(info.size == 1);
  CHECK_FALSE(info.through_mpi);
}

TEST_CASE("torchrun's variables tell rank, size and where to meet", "[dist]") {
  std::map<std::string, std::string> variables{
      {"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"MASTER_ADDR", "gpu1"}, {"MASTER_PORT", "29500"}};
  const LaunchInfo info = under(variables);
  CHECK(info.rank == 5);
  CHECK(info.size == 8);
  CHECK(info.local_rank == 1);
  CHECK(info.address == "gpu1");
  CHECK(info.port == 29500);
  CHECK_FALSE(info.store_is_there);
  variables["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  CHECK(under(variables).store_is_there);
}

TEST_CASE("Slurm's tasks meet on the first host of the list, at a port of the job's own", "[dist]") {
  std::map<std::string, std::string> variables{{"SLURM_PROCID", "3"},
                                               {"SLURM_NTASKS", "4"},
                                               {"SLURM_LOCALID", "1"},
                                               {"SLURM_JOB_ID", "4711002"},
                                               {"SLURM_STEP_ID", "1"},
                                               {"ENVIRONMENT", "BATCH"},
                                               {"SLURM_JOB_NODELIST", "gpu[007-009],login1"}};
  const LaunchInfo info = under(variables);
  CHECK(info.rank == 3);
  CHECK(info.size == 4);
  CHECK(info.local_rank == 1);
  CHECK(info.address == "gpu007");
  CHECK(info.port == 15000 + 1003);
  variables["MASTER_ADDR"] = "head";
  variables["MASTER_PORT"] = "1234";
  CHECK(under(variables).address == "head");
  CHECK(under(variables).port == 1234);
}

TEST_CASE("A Slurm batch script by itself is one process", "[dist]") {
  CHECK(under({{"ENVIRONMENT", "BATCH"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}}).size == 1);
  CHECK(under({{"SLURM_NTASKS", "4"}}).size == 1);  // salloc's shell
}

TEST_CASE("mpirun inside of a Slurm job counts, not the job", "[dist]") {
  const LaunchInfo info = under({{"OMPI_COMM_WORLD_RANK", "2"},
                                 {"OMPI_COMM_WORLD_SIZE", "3"},
                                 {"OMPI_COMM_WORLD_LOCAL_RANK", "0"},
                                 {"SLURM_PROCID", "0"},
                                 {"SLURM_NTASKS", "4"},
                                 {"SLURM_STEP_ID", "0"}});
  CHECK(info.through_mpi);
  CHECK(info.rank == 2);
  CHECK(info.size == 3);
  CHECK(info.local_rank == 0);
}

TEST_CASE("The first host of Slurm's lists", "[dist]") {
  CHECK(first_host("n1") == "n1");
  CHECK(first_host("n1,n2") == "n1");
  CHECK(first_host("n[01-04,7],m1") == "n01");
  CHECK(first_host("n[3,5]") == "n3");
  CHECK(first_host("rack[1-2]node[08-09].site") == "rack1node08.site");
  CHECK(first_host("") == "");
  CHECK_THROWS_WITH(first_host("n[1-"), "node list \"n[1-\": a \"]\" is missing.");
}

TEST_CASE("A launcher's variable that cannot be is named with what it holds", "[dist]") {
  using Map = std::map<std::string, std::string>;
  const auto message = [](const Map& variables) { return test::input_error([&] { under(variables); }); };
  CHECK(message({{"WORLD_SIZE", "two"}, {"RANK", "0"}}) ==
        "environment variable WORLD_SIZE: found \"two\", expected a number from 1 to 1048576.");
  CHECK(message({{"WORLD_SIZE", "2"}, {"RANK", "2"}}) ==
        "environment variable RANK: found \"2\", expected a number from 0 to 1.");
  CHECK(message({{"WORLD_SIZE", "2"}}) == "environment variable RANK: found \"\", expected a number from 0 to 1.");
  CHECK(message({{"WORLD_SIZE", "2"}, {"RANK", "1"}, {"LOCAL_RANK", "-1"}}) ==
        "environment variable LOCAL_RANK: found \"-1\", expected a number from 0 to 1.");
  CHECK(message({{"WORLD_SIZE", "2"}, {"RANK", "1"}}) == "environment variable MASTER_ADDR is missing: WORLD_SIZE is 2.");
  CHECK(message({{"WORLD_SIZE", "2"}, {"RANK", "1"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "99999"}}) ==
        "environment variable MASTER_PORT: found \"99999\", expected a number from 1 to 65535.");
  CHECK(message({{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2"}}) ==
        "environment variable SLURM_JOB_NODELIST is missing: SLURM_NTASKS is 2.");
}

TEST_CASE("An interactive Slurm step has a port, and each run a token of its own", "[dist]") {
  std::map<std::string, std::string> variables{{"SLURM_PROCID", "1"},
                                               {"SLURM_NTASKS", "2"},
                                               {"SLURM_JOB_ID", "77"},
                                               {"SLURM_STEP_ID", "4294967290"},
                                               {"SLURM_JOB_NODELIST", "n1"}};
  const LaunchInfo info = under(variables);
  CHECK(info.port == 15000 + (77 + 4294967290LL) % 10000);
  const std::string token = info.prefix;
  variables["SLURM_JOB_ID"] = "78";
  CHECK(under(variables).prefix != token);
  variables["SLURM_JOB_ID"] = "77";
  variables["HYPLORA_RUN_TOKEN"] = "secret";
  CHECK(under(variables).prefix != token);
  variables["SLURM_STEP_ID"] = "x";
  CHECK_THAT(test::input_error([&] { under(variables); }), test::Contains("SLURM_STEP_ID"));
}

}  // namespace
}  // namespace hyplora
