// Every index once; several callers at once; exceptions; forks, also while others are at work.
#include "parallel.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.hpp"

using namespace flowerablate;

namespace {

// Returns whether each index below `count` is visited exactly once.
bool visits_all(std::int64_t count, int threads) {
    std::vector<int> visits(static_cast<std::size_t>(count), 0);
    parallel_for(count, threads, [&](std::int64_t i) { ++visits[static_cast<std::size_t>(i)]; });
    for (int visit : visits) {
        if (visit != 1) return false;
    }
    return true;
}

void test_counts() {
    for (std::int64_t count : {0, 1, 2, 3, 64, 1000}) {
        for (int threads : {0, 1, 2, 7, 30}) CHECK(visits_all(count, threads));
    }
    CHECK(default_threads() >= 1);
}

void test_callers() {
    std::vector<std::thread> callers;
    std::atomic<int> good{0};
    for (int caller = 0; caller < 8; ++caller) {
        callers.emplace_back([&good, caller] {
            for (int round = 0; round < 50; ++round) {
                if (visits_all(20 + caller, 1 + (caller + round) % 5)) ++good;
            }
        });
    }
    for (std::thread& caller : callers) caller.join();
    CHECK(good == 8 * 50);
}

void test_exceptions() {
    for (int threads : {1, 4}) {
        const auto call = [threads] {
            parallel_for(100, threads, [](std::int64_t i) {
                if (i == 13) throw std::invalid_argument("thirteen");
            });
        };
        CHECK(throws<std::invalid_argument>(call, "thirteen"));
        CHECK(visits_all(100, threads));
    }
}

#if !defined(__SANITIZE_THREAD__)  // ThreadSanitizer does not follow threads that are started after a fork
bool works_in_child() {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);  // a hanging child dies of it
        _exit(visits_all(100, 4) && visits_all(50, 2) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void test_forks() {
    CHECK(works_in_child());
    std::atomic<bool> stop{false};
    std::thread busy([&stop] {
        while (!stop) visits_all(100, 3);
    });
    bool good = true;
    for (int round = 0; round < 10; ++round) good = works_in_child() && good;
    stop = true;
    busy.join();
    CHECK(good);
    CHECK(visits_all(100, 4));
}
#else
void test_forks() {}
#endif

}  // namespace

int main() {
    test_counts();
    test_callers();
    test_exceptions();
    test_forks();
    return 0;
}
