#include "json_config.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/error.h"
#include "core/text_distance.h"
#include "io/files.h"

namespace hyplora::apps {
namespace {

using Json = nlohmann::ordered_json;

std::string key_of(const CLI::Option& option) {
  std::string key = option.get_lnames().empty() ? "" : option.get_lnames()[0];
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

bool fits(const Json& value, const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (option.get_expected_min() == 0) return value.is_boolean();
  if (type.starts_with("INT")) return value.is_number_integer();
  if (type.starts_with("UINT")) return value.is_number_unsigned();
  if (type.starts_with("FLOAT")) return value.is_number();
  const bool texts = value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& v) { return v.is_string(); });
  return value.is_string() || (texts && option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll);
}

std::string expected(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (option.get_expected_min() == 0) return "true or false";
  if (type.starts_with("INT")) return "an integer";
  if (type.starts_with("UINT")) return "an integer of 0 or more";
  if (type.starts_with("FLOAT")) return "a number";
  return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ? "a string or an array of strings" : "a string";
}

class JsonConfig : public CLI::Config {
 public:
  explicit JsonConfig(CLI::App& app) : app_(app) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    const auto where = app_.get_config_ptr()->as<std::string>();
    const std::string text{std::istreambuf_iterator<char>(input), std::istreambuf_iterator<char>()};
    const Json config = parse_json(text, where);
    if (!config.is_object()) throw InputError("{}: found {}, expected a JSON object.", where, config.type_name());
    std::vector<CLI::ConfigItem> items;
    for (const auto& [key, value] : config.items()) items.push_back(item(key, value, where));
    return items;
  }

 private:
  CLI::ConfigItem item(const std::string& key, const Json& value, const std::string& where) const {
    const CLI::Option& option = find(key, where);
    if (!fits(value, option)) {
      throw InputError("{}: key \"{}\": found {}, expected {}.", where, key,
                       value.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60), expected(option));
    }
    CLI::ConfigItem made;
    made.name = option.get_lnames()[0];
    const auto text = [](const Json& v) { return v.is_string() ? v.get<std::string>() : v.dump(); };
    if (value.is_array()) {
      for (const Json& element : value) made.inputs.push_back(text(element));
    } else {
      made.inputs = {text(value)};
    }
    return made;
  }

  const CLI::Option& find(const std::string& key, const std::string& where) const {
    static const std::set<std::string> for_the_command_line{"", "help", "version", "config"};
    std::vector<std::string> known;
    for (const CLI::Option* option : app_.get_options()) {
      const std::string name = key_of(*option);
      if (for_the_command_line.count(name) != 0) continue;
      if (name == key) return *option;
      known.push_back(name);
    }
    throw InputError("{}: unknown key \"{}\"; the nearest known key is \"{}\".", where, key, nearest_name(key, known));
  }

  CLI::App& app_;
};

}  // namespace

void add_json_config(CLI::App& app) {
  app.set_config("--config", "", "JSON file with the same names as these options, \"_\" for \"-\"; the command line wins");
  app.config_formatter(std::make_shared<JsonConfig>(app));
}

}  // namespace hyplora::apps
