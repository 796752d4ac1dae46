// What is measured of an adapter on a device is what the CPU measures.
#include "support/devices.h"

#include "adapter/material.h"
#include "analysis/geometry_report.h"
#include "analysis/linearize.h"

namespace hyplora {
namespace {

void check_close(const Json& ours, const Json& want, const std::string& where) {
  INFO(where);
  REQUIRE(ours.type() == want.type());
  if (want.is_number_float()) CHECK(ours.get<double>() == Approx(want.get<double>()).epsilon(1e-3).margin(1e-6));
  if (want.is_number_integer() || want.is_string()) CHECK(ours == want);
  if (!want.is_structured()) return;
  REQUIRE(ours.size() == want.size());
  for (const auto& [key, value] : want.items())
    check_close(want.is_object() ? ours[key] : ours[std::stoul(key)], value, where + "/" + key);
}

TEST_CASE("An adapter's geometry is the same on a device", "[analysis]") {
  for (const char* variant : {"bounded", "lorentz", "release", "v1_rot"}) {
    const test::TempFolder folder;
    test::write_adapter_folder(folder.path(), test::kind("hyplora", variant));
    const auto reported = [&](at::Device device) {
      Transformer model = test::small_model(1, at::kFloat, device);
      return geometry_report(model, folder.path(), test::some_rows(6));
    };
    const Json want = reported(at::kCPU);
    for (const at::Device device : test::other_devices()) check_close(reported(device), want, variant + device.str());
  }
}

TEST_CASE("An adapter is linearized on a device as on the CPU", "[analysis]") {
  const test::TempFolder folder;
  test::write_adapter_folder(folder / "ours", test::kind("hyplora", "bounded"));
  const std::vector<Example> rows = test::some_rows(20);
  const LinearizeOptions how{
      "base", folder / "ours", {rows.begin(), rows.end() - 5}, {rows.end() - 5, rows.end()}, std::nullopt};
  const auto linearized = [&](at::Device device) {
    Transformer model = test::small_model(1, at::kFloat, device);
    fs::create_directories(folder / device.str());
    return linearize_adapter(model, how, folder / device.str()).to_json();
  };
  const Json want = linearized(at::kCPU);
  for (const at::Device device : test::other_devices()) {
    check_close(linearized(device), want, device.str());
    CHECK(fs::exists(folder / device.str() / "adapter_model.safetensors"));
  }
}

}  // namespace
}  // namespace hyplora
