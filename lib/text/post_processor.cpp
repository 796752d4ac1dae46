#include "text/post_processor.h"

#include <algorithm>

#include "core/error.h"

namespace hyplora {
namespace {

void add_template(const Json& processor, const std::string& where, Frame& frame) {
  if (!processor.contains("single") || !processor["single"].is_array())
    throw InputError("{}: single: expected an array.", where);
  bool after = false;
  for (const Json& piece : processor["single"]) {
    if (piece.is_object() && piece.contains("Sequence")) {
      after = true;
      continue;
    }
    const bool named = piece.is_object() && piece.contains("SpecialToken") && piece["SpecialToken"].is_object() &&
                       piece["SpecialToken"].contains("id") && piece["SpecialToken"]["id"].is_string();
    const Json* ids = nullptr;
    if (named && processor.contains("special_tokens")) {
      const Json& special = processor["special_tokens"];
      const std::string name = piece["SpecialToken"]["id"];
      if (special.is_object() && special.contains(name) && special[name].is_object() && special[name].contains("ids"))
        ids = &special[name]["ids"];
    }
    const auto is_id = [](const Json& v) { return v.is_number_integer(); };
    if (ids == nullptr || !ids->is_array() || !std::all_of(ids->begin(), ids->end(), is_id)) {
      throw InputError("{}: single: the piece {} names no special token with ids.", where, shown(piece));
    }
    for (const Json& id : *ids) (after ? frame.after : frame.before).push_back(id.get<int64_t>());
  }
}

void add_post_processor(const Component& c, Frame& frame) {
  if (c.json.is_null()) return;
  const std::string type =
      c.json.is_object() && c.json.contains("type") && c.json["type"].is_string() ? c.json["type"].get<std::string>() : "";
  if (type == "Sequence" && c.json.contains("processors") && c.json["processors"].is_array()) {
    for (const Json& inner : c.json["processors"]) add_post_processor({inner, c.where}, frame);
  } else if (type == "TemplateProcessing") {
    add_template(c.json, c.where, frame);
  } else if (type != "ByteLevel") {  // which only moves offsets
    throw InputError(
        "{}: type: found \"{}\", which is not implemented; expected one of Sequence, TemplateProcessing, ByteLevel.", c.where,
        type);
  }
}

}  // namespace

Frame make_frame(const Component& component) {
  Frame frame;
  add_post_processor(component, frame);
  return frame;
}

}  // namespace hyplora
