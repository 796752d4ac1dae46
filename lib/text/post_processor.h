// The post-processor of tokenizer.json: what stands around a text's ids.
#pragma once

#include "text/component.h"
#include "text/tokenizer.h"

namespace hyplora {

/// The ids before and behind a text.
struct Frame {
  Ids before, after;
};

/// Nothing for null. InputError names a component that is not known, or a template's piece that has no ids.
Frame make_frame(const Component& component);

}  // namespace hyplora
