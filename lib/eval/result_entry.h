// What an entry of results.json holds besides what identifies it: an entry that a resumed run takes over is shown, drawn and written
// again, so that it is checked before.
#pragma once

#include "core/json.h"

namespace hyplora {

/// InputError, with `where` and the key, for an object that lacks a key of an entry or has one of another type.
void require_result_entry(const Json& entry, const std::string& where);

}  // namespace hyplora
