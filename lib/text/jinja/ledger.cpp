#include "text/jinja/ledger.h"

#include <algorithm>
#include <iterator>

#include "text/jinja/value.h"

namespace hyplora::jinja {
namespace {

thread_local Ledger* open_ledger = nullptr;

}  // namespace

Ledger::Ledger() { open_ledger = this; }

Ledger::~Ledger() {
  std::vector<std::shared_ptr<Object>> kept;
  kept.reserve(holders.size());
  for (Holder* holder : holders) kept.push_back(holder->shared_from_this());
  for (const auto& object : kept) static_cast<Holder&>(*object).empty();
  kept.clear();
  open_ledger = nullptr;
}

void spend(size_t work) {
  if (open_ledger == nullptr) return;
  open_ledger->work += work;
  if (open_ledger->work > Ledger::most_work) throw Fault{"it does more than 10^9 steps of work"};
}

size_t hold(size_t bytes) {
  if (open_ledger == nullptr) return 0;
  require_room(bytes);
  spend(bytes);
  open_ledger->bytes += bytes;
  return bytes;
}

void release(size_t bytes) {
  if (open_ledger != nullptr) open_ledger->bytes -= bytes;
}

void require_room(size_t bytes) {
  if (bytes > Ledger::most_bytes || (open_ledger != nullptr && open_ledger->bytes + bytes > Ledger::most_bytes))
    throw Fault{"its values take more than 64 MiB"};
}

Holder::Holder(size_t bytes) : Object(bytes) {
  if (open_ledger != nullptr) open_ledger->holders.insert(this);
}

Holder::~Holder() {
  if (open_ledger != nullptr) open_ledger->holders.erase(this);
}

void Holder::bury(std::vector<Value> values) {
  thread_local std::vector<Value> graves;
  thread_local bool digging = false;
  std::move(values.begin(), values.end(), std::back_inserter(graves));
  if (digging) return;
  digging = true;
  while (!graves.empty()) {
    const Value last = std::move(graves.back());
    graves.pop_back();
  }
  digging = false;
}

}  // namespace hyplora::jinja
