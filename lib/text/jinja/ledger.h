// What one rendering may cost. A template works on texts as long as its writer and its reader like, in loops within loops, so
// that steps alone bound nothing: every step, and every byte or element that one touches, is counted here, and so is what lives.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_set>

namespace hyplora::jinja {

/// What went wrong in an expression; name and line of the template are added where it is evaluated.
struct Fault {
  std::string what;
};

class Holder;

/// The costs of the rendering that goes on in this thread, from the object's making to its end.
class Ledger {
 public:
  static constexpr size_t most_work = 1'000'000'000;  // a byte copied or compared is 1, a step 100: about a second
  static constexpr size_t most_bytes = size_t{64} << 20;

  Ledger();
  /// Empties all holders: what they hold may hold them.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  size_t work = 0, bytes = 0;
  std::unordered_set<Holder*> holders;
};

/// Fault where the rendering has done more than most_work.
void spend(size_t work);
/// Fault where more than most_bytes live. Returns what release has to be given: nothing while no template is rendered.
size_t hold(size_t bytes);
void release(size_t bytes);
/// Fault where a text of these bytes, or so many bytes of elements, would be too much to make.
void require_room(size_t bytes);

}  // namespace hyplora::jinja
