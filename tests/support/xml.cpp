#include "support/xml.h"

#include <nlohmann/json.hpp>
#include <regex>
#include <vector>

namespace hyplora::test {
namespace {

const std::regex opening(R"(<([A-Za-z][\w.-]*)((?:\s+[A-Za-z][\w:.-]*=(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>)");
const std::regex closing(R"(</([A-Za-z][\w.-]*)\s*>)");
const std::regex bare_ampersand("&(?!(?:amp|lt|gt|quot|apos|#[0-9]+);)");

/// Bytes that XML allows: UTF-8 without control characters and noncharacters.
bool allowed(const std::string& text) {
  try {
    nlohmann::json(text).dump();  // throws where it is no UTF-8
  } catch (const nlohmann::json::exception&) {
    return false;
  }
  return !std::regex_search(text, std::regex("[\x01-\x08\x0b\x0c\x0e-\x1f]|\xEF\xBF[\xBE\xBF]"));
}

}  // namespace

std::string xml_fault(const std::string& document) {
  if (!allowed(document) || document.find('\0') != document.npos) return "a character that XML does not allow";
  std::smatch match;
  if (std::regex_search(document, match, bare_ampersand)) return "a bare & before " + match.suffix().str().substr(0, 40);
  std::vector<std::string> open;
  size_t roots = 0;
  for (size_t begin = document.find('<'); begin != document.npos; begin = document.find('<', begin + 1)) {
    const std::string here = document.substr(begin, document.find('>', begin) - begin + 1);
    if (std::regex_match(here, match, opening)) {
      roots += open.empty();
      if (match[3].length() == 0) open.push_back(match[1]);
    } else if (std::regex_match(here, match, closing) && !open.empty() && open.back() == match[1]) {
      open.pop_back();
    } else {
      return "a bad tag: " + here;
    }
  }
  if (!open.empty()) return "not closed: " + open.back();
  return roots == 1 ? "" : "not one root";
}

}  // namespace hyplora::test
