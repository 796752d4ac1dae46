// One message of a conversation, whatever the names of its keys and roles.
#pragma once

#include <string>

#include "core/json.h"

namespace hyplora {

struct Message {
  Json json;                 // role (system, user, assistant or tool), content, and its other keys as they were
  bool carries_loss = true;  // false: "weight": 0

  bool is_from(const char* role) const { return json["role"] == role; }
};

/// `found`: an object of role and content, or from and value. InputError begins with `where`.
Message read_message(const Json& found, const std::string& where);

}  // namespace hyplora
