// A persistent pool of threads that survives fork and serves several callers at once.
#pragma once

#include <cstdint>
#include <functional>

namespace flowerablate {

// Number of threads that 0 stands for: the processors that this process may run on.
int default_threads();

// Calls `body(i)` once for each i in [0, count), spread dynamically over at most `threads` threads (0 =
// default_threads()), the calling one among them, and returns when all calls have returned. The first exception is
// thrown again here; after it, no further index is begun. Safe from several threads at once and after a fork, also one
// during another thread's call.
void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& body);

}  // namespace flowerablate
