// After the first batches, no memory is allocated: neither by the C++ library nor for scratch buffers.
#include <atomic>
#include <cstdlib>
#include <new>

#include "check.hpp"
#include "pipeline.hpp"

using namespace flowerablate;

namespace {

std::atomic<long> news{0};

Value whole(int value) { return static_cast<std::int64_t>(value); }

long allocations() { return news.load() + buffer_allocations(); }

void test_batches_allocate_nothing(int threads) {
    const Chain chain({{"random_resized_crop",
                        {{"size", whole(64)},
                         {"scale_low", 0.2},
                         {"scale_high", 1.0},
                         {"ratio_low", 0.75},
                         {"ratio_high", 1.33},
                         {"antialias", true}},
                        1},
                       {"horizontal_flip", {{"probability", 0.5}}, 2},
                       {"morphology", {{"op", "open"}, {"size", whole(5)}, {"shape", "ellipse"}}, 3},
                       {"rotate", {{"degrees", 15.0}, {"border", "reflect101"}}, 4},
                       {"median_blur", {{"size", whole(3)}}, 5},
                       {"clahe", {{"clip_limit", 2.0}, {"rows", whole(4)}, {"columns", whole(4)}}, 6},
                       {"gaussian_noise", {{"std_low", 0.0}, {"std_high", 0.1}, {"per_channel", true}}, 7},
                       {"rand_augment",
                        {{"ops", whole(2)},
                         {"magnitude", whole(9)},
                         {"geometry", true},
                         {"color", true},
                         {"sharpness", true},
                         {"histogram", true}},
                        8},
                       {"brightness_contrast", {{"brightness", 0.2}, {"contrast", 0.2}}, 9},
                       {"normalize", {{"mean", std::vector<double>(3, 0.5)}, {"std", std::vector<double>(3, 0.2)}}, 0}},
                      {3, 1});
    const Size source{90, 120}, made{64, 64};
    const std::vector<std::uint8_t> pixels(static_cast<std::size_t>(source.height * source.width * 3), 90);
    std::vector<Sample> samples;
    for (std::uint64_t id = 0; id < 64; ++id) samples.push_back({pixels.data(), source.height, source.width, id});
    std::vector<float> out(samples.size() * 64 * 64 * 3);
    const auto run = [&](std::uint32_t epoch) {
        chain.run({.samples = samples,
                   .readable_end = pixels.data() + pixels.size(),
                   .seed = 1,
                   .epoch = epoch,
                   .size = made,
                   .floats = out.data()},
                  threads);
    };
    // Which thread takes which image is chance, so each needs some batches before its buffers are as large as they get.
    for (std::uint32_t epoch = 0; epoch < 60; ++epoch) run(epoch);
    const long before = allocations();
    for (std::uint32_t epoch = 0; epoch < 60; ++epoch) run(epoch);
    CHECK(allocations() == before);
}

}  // namespace

void* operator new(std::size_t bytes) {
    ++news;
    if (void* memory = std::malloc(bytes ? bytes : 1)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

int main() {
    for (int threads : {1, 2, 3}) test_batches_allocate_nothing(threads);
    return 0;
}
