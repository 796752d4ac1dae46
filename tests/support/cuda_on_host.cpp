#include "support/cuda_on_host.h"

#include <ucontext.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <stdexcept>

namespace hyplora::test {
namespace {

constexpr size_t warp = 32, stack_bytes = 64 << 10;

enum class State { ready, at_block, at_warp, done };

struct Fiber {
  ucontext_t context;
  std::unique_ptr<char[]> stack{new char[stack_bytes]};
  State state = State::ready;
  uint64_t shown = 0;
};

/// The threads of the block that runs.
struct Block {
  std::vector<Fiber> fibers;
  size_t count = 0, running = 0;
  ucontext_t scheduler;
  const std::function<void()>* kernel = nullptr;
};

Block& block() {
  static Block one;
  return one;
}

void wait_in(State state) {
  Fiber& self = block().fibers[block().running];
  self.state = state;
  swapcontext(&self.context, &block().scheduler);
}

void begin_thread() {
  (*block().kernel)();
  wait_in(State::done);
}

void prepare(Fiber& fiber) {
  fiber.state = State::ready;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = stack_bytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, begin_thread, 0);
}

bool run_ready() {
  bool any = false;
  for (const size_t i : turns(block().count)) {
    if (block().fibers[i].state != State::ready) continue;
    any = true;
    block().running = i;
    swapcontext(&block().scheduler, &block().fibers[i].context);
  }
  return any;
}

size_t number_of(State state, size_t first, size_t end) {
  const auto begin = block().fibers.begin();
  return static_cast<size_t>(std::count_if(begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(end),
                                           [&](const Fiber& fiber) { return fiber.state == state; }));
}

/// Those that wait go on when all have come; threads that have ended wait at no warp's barrier, and miss at a block's.
bool let_go(State state, size_t first, size_t end) {
  const size_t waiting = number_of(state, first, end), gone = number_of(State::done, first, end);
  if (waiting == 0 || waiting + gone < end - first) return false;
  if (state == State::at_block && gone > 0) throw std::runtime_error("a barrier that some threads of the block have left");
  for (size_t i = first; i < end; ++i) {
    if (block().fibers[i].state == state) block().fibers[i].state = State::ready;
  }
  return true;
}

}  // namespace

ThreadOrder& thread_order() {
  static ThreadOrder order = ThreadOrder::forward;
  return order;
}

std::vector<size_t> turns(size_t n) {
  static std::mt19937 random(5);
  std::vector<size_t> all(n);
  std::iota(all.begin(), all.end(), size_t{0});
  if (thread_order() == ThreadOrder::backward) std::reverse(all.begin(), all.end());
  if (thread_order() == ThreadOrder::shuffled) std::shuffle(all.begin(), all.end(), random);
  return all;
}

void run_block(int threads, const std::function<void()>& kernel) {
  const auto count = static_cast<size_t>(threads);
  if (block().fibers.size() < count) block().fibers = std::vector<Fiber>(count);
  block().count = count;
  block().kernel = &kernel;
  for (size_t i = 0; i < count; ++i) prepare(block().fibers[i]);
  while (number_of(State::done, 0, count) < count) {
    bool moved = run_ready();
    for (size_t first = 0; first < count; first += warp)
      moved = let_go(State::at_warp, first, std::min(first + warp, count)) || moved;
    moved = let_go(State::at_block, 0, count) || moved;
    if (!moved) throw std::runtime_error("the threads of a block wait at different barriers");
  }
}

void wait_for_block() { wait_in(State::at_block); }
void wait_for_warp() { wait_in(State::at_warp); }
size_t thread_index() { return block().running; }
uint64_t& shown(size_t thread) { return block().fibers[thread].shown; }

char*& shared_bytes() {
  static char* bytes = nullptr;
  return bytes;
}

}  // namespace hyplora::test
