// Erosion and dilation on every instruction set: elements with holes against a slow twin, and all kernels against each
// other.
#include <algorithm>
#include <string>
#include <vector>

#include "check.hpp"
#include "random_image.hpp"
#include "simd.hpp"

using namespace flowerablate;

namespace {

Result rectangle(const Kernels& kernel, const RandomImage& in, int size, int anchor, bool dilate) {
    Result out(in.bytes);
    RectangleJob job{.source = in.pixels.data(),
                     .source_stride = in.stride,
                     .readable_end = in.pixels.data() + in.bytes,
                     .target = out.data(),
                     .height = in.height,
                     .width = in.width,
                     .pixel_bytes = in.channels,
                     .itemsize = in.itemsize(),
                     .size = size,
                     .anchor = anchor,
                     .dilate = dilate};
    std::vector<std::uint8_t> work(static_cast<std::size_t>(kernel.morphology.rectangle_work_bytes(job) + kSlack));
    job.work = work.data();
    kernel.morphology.rectangle(job);
    return out;
}

Result runs(const Kernels& kernel, const RandomImage& in, int size, int anchor, const std::vector<Run>& element,
            bool dilate) {
    Result out(in.bytes);
    RunsJob job{.source = in.pixels.data(),
                .source_stride = in.stride,
                .target = out.data(),
                .height = in.height,
                .width = in.width,
                .pixel_bytes = in.channels,
                .itemsize = in.itemsize(),
                .size = size,
                .anchor = anchor,
                .dilate = dilate,
                .runs = element.data(),
                .run_count = static_cast<int>(element.size())};
    std::vector<std::uint8_t> work(static_cast<std::size_t>(kernel.morphology.runs_work_bytes(job) + kSlack));
    job.work = work.data();
    kernel.morphology.runs(job);
    return out;
}

Result small(const Kernels& kernel, const RandomImage& in, bool cross, bool dilate, bool twice) {
    Result out(in.bytes);
    SmallJob job{.source = in.pixels.data(),
                 .source_stride = in.stride,
                 .readable_end = in.pixels.data() + in.bytes,
                 .target = out.data(),
                 .height = in.height,
                 .width = in.width,
                 .pixel_bytes = in.channels,
                 .itemsize = in.itemsize(),
                 .cross = cross,
                 .dilate = dilate,
                 .twice = twice};
    std::vector<std::uint8_t> work(static_cast<std::size_t>(kernel.morphology.small_work_bytes(job) + kSlack));
    job.work = work.data();
    kernel.morphology.small(job);
    return out;
}

// Runs of pixels of which about one in `sparse` is set, so that rows have holes, or nothing.
std::vector<Run> random_element(int size, int sparse) {
    std::vector<Run> element;
    for (int row = 0; row < size; ++row) {
        for (int begin = 0; begin < size; ++begin) {
            if (any(0, sparse) != 0) continue;
            const int end = any(begin + 1, std::min(size, begin + 1 + any(0, 9)));
            element.push_back({row, begin, end});
            begin = end;  // and at least one pixel between two runs
        }
    }
    return element;
}

// The same as kernel.runs, pixel by pixel.
template <typename Value>
Result slow_runs(const RandomImage& in, int anchor, const std::vector<Run>& element, bool dilate) {
    Result out(in.bytes);
    const int values = in.channels / static_cast<int>(sizeof(Value));
    const Value* from = reinterpret_cast<const Value*>(in.pixels.data());
    Value* to = reinterpret_cast<Value*>(out.data());
    for (int y = 0; y < in.height; ++y) {
        for (int x = 0; x < in.width; ++x) {
            for (int c = 0; c < values; ++c) {
                Value found = dilate ? Value{0} : static_cast<Value>(~Value{0});
                for (const Run& run : element) {
                    const int row = y + run.row - anchor;
                    for (int i = run.begin; i < run.end; ++i) {
                        const int column = x + i - anchor;
                        if (row < 0 || row >= in.height || column < 0 || column >= in.width) continue;
                        const Value value = from[(row * in.width + column) * values + c];
                        found = dilate ? std::max(found, value) : std::min(found, value);
                    }
                }
                to[(y * in.width + x) * values + c] = found;
            }
        }
    }
    return out;
}

void test_elements(const Kernels& kernel) {
    const RandomImage in;
    const int size = any(0, 3) ? any(1, 12) : any(13, kMaxElement);
    const std::vector<Run> element = random_element(size, any(0, 3) ? any(0, 8) : 2000);
    const int anchor = any(0, size - 1);
    for (bool dilate : {false, true}) {
        const Result wanted = in.itemsize() == 1 ? slow_runs<std::uint8_t>(in, anchor, element, dilate)
                                                 : slow_runs<std::uint16_t>(in, anchor, element, dilate);
        CHECK(runs(kernel, in, size, anchor, element, dilate) == wanted);
    }
}

void test_morphology(const Kernels& one, const Kernels& other) {
    const RandomImage in;
    const int size = any(2, 63);
    std::vector<Run> element;
    for (int row = 0; row < size; ++row) {
        const int begin = any(0, size - 1);
        element.push_back({row, begin, any(0, 4) || row == size / 2 ? any(begin + 1, size) : begin});
    }
    std::vector<Run> full;
    for (int row = 0; row < size; ++row) full.push_back({row, 0, size});
    const std::vector<Run> cross_of_3{{0, 1, 2}, {1, 0, 3}, {2, 1, 2}};
    for (bool dilate : {false, true}) {
        const int anchor = any(0, size - 1), large = any(64, 993);
        CHECK(rectangle(one, in, size, anchor, dilate) == rectangle(other, in, size, anchor, dilate));
        CHECK(rectangle(one, in, large, large / 3, dilate) == rectangle(other, in, large, large / 3, dilate));
        CHECK(rectangle(one, in, size, anchor, dilate) == runs(one, in, size, anchor, full, dilate));
        CHECK(runs(one, in, size, anchor, element, dilate) == runs(other, in, size, anchor, element, dilate));
        CHECK(small(one, in, false, dilate, false) == rectangle(other, in, 3, 1, dilate));
        CHECK(small(one, in, true, dilate, false) == runs(other, in, 3, 1, cross_of_3, dilate));
        for (bool cross : {false, true})
            CHECK(small(one, in, cross, dilate, true) == small(other, in, cross, dilate, true));
    }
}

}  // namespace

int main() {
    const Kernels* baseline = kernels_named("baseline");
    for (const char* name : {"baseline", "avx2", "avx512"}) {
        const Kernels* other = kernels_named(name);
        std::printf("%s: %s\n", name, other ? "compared" : "not on this CPU");
        if (!other) continue;
        for (int round = 0; round < 300; ++round) {
            test_morphology(*baseline, *other);
            test_elements(*other);
        }
    }
    return 0;
}
