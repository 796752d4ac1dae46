// Where the tests run kernels of ours on the host: a block's threads are fibers that take turns where they wait for each other, so that
// barriers, shuffles and shared memory do what they do on a GPU. A barrier that some threads have left, or different ones that they
// wait at, is an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace hyplora::test {

/// In which order a block's threads and the blocks run.
enum class ThreadOrder { forward, backward, shuffled };
ThreadOrder& thread_order();

/// Runs one block's threads to their end. std::runtime_error: they cannot come there.
void run_block(int threads, const std::function<void()>& kernel);
/// The calling thread waits for all others of its block, or of its warp.
void wait_for_block();
void wait_for_warp();
/// Of the calling thread in its block.
size_t thread_index();
/// What each thread of a block shows the others.
uint64_t& shown(size_t thread);
/// The numbers 0 to n - 1 as thread_order() says.
std::vector<size_t> turns(size_t n);
char*& shared_bytes();

}  // namespace hyplora::test
