#include "parallel.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

namespace flowerablate {

namespace {

struct Job {
    const std::function<void(std::int64_t)>& body;
    const std::int64_t count;
    int wanted;      // workers that may still join; guarded by the pool's mutex
    int active = 0;  // workers inside; guarded by the pool's mutex
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> failed{false};
    std::exception_ptr error = nullptr;  // written by whoever sets `failed`, read after all have left

    void work() {
        for (;;) {
            const std::int64_t index = next.fetch_add(1, std::memory_order_relaxed);
            if (index >= count || failed.load(std::memory_order_relaxed)) return;
            try {
                body(index);
            } catch (...) {
                if (!failed.exchange(true)) error = std::current_exception();
            }
        }
    }
};

// Pools are never destroyed: at exit, workers may be asleep in one, and after a fork the child has only the memory of
// the parent's pool, not its threads.
class Pool {
public:
    void run(Job& job) {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            grow(job.wanted);
            jobs_.push_back(&job);
        }
        wake_.notify_all();
        job.work();
        std::unique_lock<std::mutex> lock(mutex_);
        const auto place = std::find(jobs_.begin(), jobs_.end(), &job);
        if (place != jobs_.end()) jobs_.erase(place);
        done_.wait(lock, [&] { return job.active == 0; });
    }

private:
    void grow(int workers) {
        while (workers_ < workers) {
            try {
                std::thread([this] { serve(); }).detach();
            } catch (const std::system_error&) {
                return;  // the system gives no more threads; the caller works with those there are
            }
            ++workers_;
        }
    }

    void serve() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [&] { return !jobs_.empty(); });
            Job& job = *jobs_.front();
            if (--job.wanted <= 0) jobs_.erase(jobs_.begin());
            ++job.active;
            lock.unlock();
            job.work();
            lock.lock();
            if (--job.active == 0) done_.notify_all();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    std::vector<Job*> jobs_;  // the oldest first; few, and unlike a deque it keeps its memory
    int workers_ = 0;
};

std::atomic<Pool*> current_pool{nullptr};

void forget_pool() { current_pool.store(nullptr); }

Pool& pool() {
    static const int registered = pthread_atfork(nullptr, nullptr, forget_pool);
    (void)registered;
    Pool* found = current_pool.load();
    if (found) return *found;
    Pool* fresh = new Pool;
    if (current_pool.compare_exchange_strong(found, fresh)) return *fresh;
    delete fresh;
    return *found;
}

}  // namespace

int default_threads() {
#ifdef __linux__
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
#endif
    return std::max(1u, std::thread::hardware_concurrency());
}

void parallel_for(std::int64_t count, int threads, const std::function<void(std::int64_t)>& body) {
    if (threads <= 0) threads = default_threads();
    const int helpers = static_cast<int>(std::min<std::int64_t>(threads, count)) - 1;
    Job job{body, count, helpers};
    if (helpers > 0) {
        pool().run(job);
    } else {
        job.work();
    }
    if (job.error) std::rethrow_exception(job.error);
}

}  // namespace flowerablate
