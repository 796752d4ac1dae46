#include "io/gzip.h"

#include <zlib.h>

#include "data/rows.h"
#include "support/support.h"

namespace hyplora {
namespace {

std::string packed(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(stream.total_out);
  deflateEnd(&stream);
  return bytes;
}

TEST_CASE("What gzip packed comes out again, member after member", "[io]") {
  CHECK(gunzip(packed("abc") + packed("def") + std::string(3, '\0'), "f") == "abcdef");
  CHECK(gunzip(packed(std::string(200000, 'x')), "f") == std::string(200000, 'x'));
}

TEST_CASE("A gzip file that is damaged, cut off or far larger than it looks is refused", "[io]") {
  const auto refusal = [](const std::string& bytes) { return test::input_error([&] { gunzip(bytes, "f"); }); };
  const std::string good = packed("some text that is packed");
  CHECK(refusal(good.substr(0, good.size() - 9)) == "f: the gzip file is cut off.");
  std::string bad = good;
  bad[12] = static_cast<char>(bad[12] ^ 0x55);
  CHECK_THAT(refusal(bad), test::Contains("f: the gzip file is"));
  CHECK(refusal(good + "tail") == "f: found 4 bytes after the gzip data.");
  CHECK_THAT(refusal(packed(std::string(size_t{80} << 20, 'x'))), test::Contains("unpacks to more than 64 times its size"));
}

TEST_CASE("Packed rows are read whatever their name ends in", "[io]") {
  const test::TempFolder folder;
  write_file(folder / "r.csv.gz", packed("instruction,output\ni,o\n"));
  write_file(folder / "r.json", packed(R"([{"instruction": "i", "output": "o"}])"));
  for (const char* name : {"r.csv.gz", "r.json"}) CHECK(read_rows({(folder / name).string()}).at(0).output == "o");
}

}  // namespace
}  // namespace hyplora
