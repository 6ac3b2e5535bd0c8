// All instruction sets of this CPU give the same bytes as the baseline, on images of random sizes.
#include "simd.hpp"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "image.hpp"
#include "random_image.hpp"

using namespace flowerablate;

namespace {

void test_resample(const Kernels& one, const Kernels& other) {
    RandomImage in;
    in.pixels.resize(in.bytes + kSlack);
    const int count = any(1, 100), taps = 2 * any(1, 5);
    int precision = any(14, 22);
    const int step = any(0, 2) * in.width / 2 / count;  // small steps, so that some passes have a plan
    std::vector<std::int32_t> starts;
    std::vector<std::int16_t> weights;
    for (int i = 0; i < count; ++i) {
        const int last = std::max(0, in.width - taps);
        starts.push_back((step ? std::min(last, i * step) : any(0, std::min(2, last))) * in.channels);
        for (int tap = 0; tap < taps; ++tap) {
            const int max = std::min((1 << precision) / taps, 32767);
            weights.push_back(static_cast<std::int16_t>(any(0, max)));
        }
    }
    if (taps == 2 && any(0, 1)) {  // as bilinear interpolation has them
        for (std::size_t i = 0; i < weights.size(); i += 2) {
            weights[i] = static_cast<std::int16_t>(any(0, 3) ? any(0, 16384) : 16384 * any(0, 1));
            weights[i + 1] = static_cast<std::int16_t>(16384 - weights[i]);
        }
        precision = 14;
    }
    Taps table{count, taps, precision, starts.data(), weights.data(), nullptr};
    const auto row = [&](const Kernels& kernel) {
        Buffer plan;
        table.plan = kernel.plan_rows(table, in.channels,
                                      plan.reserve(static_cast<std::size_t>(kernel.plan_bytes(table, in.channels))));
        const std::size_t bytes = static_cast<std::size_t>(count * in.channels);
        Result out(bytes + kSlack), second(bytes + kSlack);
        const std::uint8_t* const rows[2] = {in.pixels.data(), in.pixels.data() + (in.height - 1) * in.stride};
        std::uint8_t* const targets[2] = {out.data(), second.data()};
        kernel.resample_rows(rows, targets, table, in.channels);
        out.resize(bytes);
        out.insert(out.end(), second.begin(), second.begin() + static_cast<std::ptrdiff_t>(bytes));
        return out;
    };
    CHECK(row(one) == row(other));
    const auto column = [&](const Kernels& kernel) {
        std::vector<const std::uint8_t*> rows;
        for (int tap = 0; tap < taps; ++tap) rows.push_back(in.pixels.data() + tap % in.height * in.stride);
        Result out(static_cast<std::size_t>(in.stride) + kSlack);
        kernel.resample_column(rows.data(), weights.data(), taps, precision, out.data(), in.stride);
        out.resize(static_cast<std::size_t>(in.stride));
        return out;
    };
    CHECK(column(one) == column(other));
}

void test_points(const Kernels& one, const Kernels& other) {
    const RandomImage in;
    const float alpha = static_cast<float>(any(-100, 300)) / 97.0f, beta = static_cast<float>(any(-300, 300)) / 3.1f;
    const auto adjusted = [&](const Kernels& kernel) {
        Result out(in.bytes);
        kernel.adjust(in.pixels.data(), out.data(), static_cast<std::ptrdiff_t>(in.bytes), alpha, beta);
        return out;
    };
    CHECK(adjusted(one) == adjusted(other));
    const auto flipped = [&](const Kernels& kernel, const Result& from) {
        Result out(in.bytes);
        for (int y = 0; y < in.height; ++y) {
            kernel.geometry.flip_row(from.data() + y * in.stride, out.data() + y * in.stride, in.width, in.channels);
        }
        return out;
    };
    CHECK(flipped(one, in.pixels) == flipped(other, in.pixels));
    CHECK(flipped(one, flipped(one, in.pixels)) == in.pixels);
    const float mean[4] = {0.4f, 0.5f, 0.3f, 0.2f}, std[4] = {0.2f, 0.3f, 0.7f, 0.9f};
    const std::vector<std::uint8_t> tables = random_bytes(static_cast<std::size_t>(256 * in.channels));
    for (int mode = 0; mode < 8; ++mode) {
        const auto floats = [&](const Kernels& kernel) {
            std::vector<float> out(in.bytes);
            OutputJob job{};
            job.source = in.pixels.data();
            job.source_stride = in.stride;
            job.height = in.height;
            job.width = in.width;
            job.channels = in.channels;
            job.itemsize = 1;
            job.plane = static_cast<std::ptrdiff_t>(in.height) * in.width;
            job.floats = out.data();
            job.channels_last = (mode & 1) != 0;
            if (mode & 2) job.tables = tables.data();
            if (mode & 4) {
                job.mean = mean;
                job.std = std;
            }
            Result work(static_cast<std::size_t>(kernel.output_work_bytes(job) + kSlack));
            job.work = work.data();
            kernel.output(job);
            return out;
        };
        const std::vector<float> a = floats(one), b = floats(other);
        CHECK(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
    }
}

void test_warp(const Kernels& one, const Kernels& other) {
    RandomImage in;
    if (in.height < 2 || in.width < 2) return;
    in.pixels.resize(in.bytes + kSlack);
    const std::int64_t pixel = std::int64_t{1} << 32;
    const auto inside = [&](int length) {
        return std::uniform_int_distribution<std::int64_t>(0, (length - 1) * pixel - 1)(generator);
    };
    const int count = any(1, 60), itemsize = in.channels == 4 && in.width % 2 == 0 ? any(1, 2) : 1;
    WarpRun run{};
    run.source = in.pixels.data();
    run.stride = in.stride;
    run.count = count;
    run.channels = itemsize == 2 ? 1 : in.channels;
    run.itemsize = itemsize;
    run.x = inside(itemsize == 2 ? 2 * in.width : in.width);
    run.y = inside(in.height);
    run.dx = (inside(in.width) - run.x) / count;
    run.dy = (inside(in.height) - run.y) / count;
    run.right = run.channels * itemsize;
    run.below = in.stride;
    run.nearest = any(0, 3) == 0;
    run.small = any(0, 5) != 0;
    const auto warped = [&](const Kernels& kernel) {
        Result out(static_cast<std::size_t>(count * run.channels * itemsize) + kSlack);
        run.target = out.data();
        kernel.geometry.warp_run(run);
        out.resize(static_cast<std::size_t>(count * run.channels * itemsize));
        return out;
    };
    CHECK(warped(one) == warped(other));
    std::vector<std::int32_t> offsets(static_cast<std::size_t>(count) + 16), across = offsets, down = offsets;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
        offsets[i] = static_cast<std::int32_t>(any(0, in.height - 2) * in.stride + any(0, in.width - 2) * in.channels);
        across[i] = any(0, 32767);
        down[i] = any(0, 32767);
    }
    const auto at_points = [&](const Kernels& kernel) {
        Result out(static_cast<std::size_t>(count * in.channels) + kSlack);
        kernel.geometry.warp_points({in.pixels.data(), out.data(), count, in.channels, 1, offsets.data(), across.data(),
                                     down.data(), in.channels, in.stride});
        out.resize(static_cast<std::size_t>(count * in.channels));
        return out;
    };
    CHECK(at_points(one) == at_points(other));
}

void test_float_resampling(const Kernels& one, const Kernels& other) {
    RandomImage in;
    in.pixels.resize(in.bytes + 64);
    const int count = any(1, 80), taps = any(1, std::min(7, in.width));
    std::vector<std::int32_t> starts;
    std::vector<float> weights;
    for (int i = 0; i < count; ++i) {
        starts.push_back(any(0, in.width - taps) * in.channels);
        for (int tap = 0; tap < taps; ++tap) weights.push_back(static_cast<float>(any(-100, 300)) / 500.0f);
    }
    std::sort(starts.begin(), starts.end());
    if (any(0, 1)) std::reverse(starts.begin(), starts.end());
    starts.resize(starts.size() + 32);
    weights.resize(weights.size() + 32);
    FloatTaps table{};
    table.count = count;
    table.taps = taps;
    table.starts = starts.data();
    table.weights = weights.data();
    const std::size_t values = static_cast<std::size_t>(count * in.channels);
    const auto resampled = [&](const Kernels& kernel) {
        std::vector<std::vector<float>> rows;
        std::vector<const float*> pointers;
        for (int tap = 0; tap < taps; ++tap) {
            rows.emplace_back(values + 64);
            kernel.geometry.float_row(in.pixels.data() + tap % in.height * in.stride, rows.back().data(), table,
                                      in.channels, 1);
        }
        for (const auto& row : rows) pointers.push_back(row.data());
        Result out(values);
        kernel.geometry.float_column(pointers.data(), weights.data(), taps, out.data(),
                                     static_cast<std::ptrdiff_t>(values), 1);
        return out;
    };
    CHECK(resampled(one) == resampled(other));
}

// The first table may be every channel's; a row may be changed in place.
void test_look_up(const Kernels& one, const Kernels& other) {
    const RandomImage in;
    const auto channels = static_cast<std::size_t>(in.channels);
    std::vector<std::uint8_t> tables = random_bytes(256 * channels);
    if (any(0, 1)) {
        for (std::size_t i = 256; i < tables.size(); ++i) tables[i] = tables[i - 256];
    }
    Result wanted(in.bytes);
    for (std::size_t i = 0; i < in.bytes; ++i) wanted[i] = tables[256 * (i % channels) + in.pixels[i]];
    for (const Kernels* kernel : {&one, &other}) {
        Result out(in.bytes), same = in.pixels;
        for (int y = 0; y < in.height; ++y) {
            const std::ptrdiff_t at = y * in.stride;
            kernel->color.look_up(in.pixels.data() + at, out.data() + at, in.width, in.channels, tables.data());
            kernel->color.look_up(same.data() + at, same.data() + at, in.width, in.channels, tables.data());
        }
        CHECK(out == wanted);
        CHECK(same == wanted);
    }
}

// Every change of colours, into another row and in place.
void test_colors(const Kernels& one, const Kernels& other) {
    RandomImage in;
    std::uint64_t sums[2][3] = {};
    for (int y = 0; y < in.height; ++y) {
        one.color.add_sums(in.pixels.data() + y * in.stride, in.width, in.channels, sums[0]);
        other.color.add_sums(in.pixels.data() + y * in.stride, in.width, in.channels, sums[1]);
    }
    CHECK(std::equal(sums[0], sums[0] + 3, sums[1]));
    if (in.channels == 1) return;
    const float amount = static_cast<float>(any(-300, 300)) / 100.0f;
    const HsvShift shift{amount, static_cast<float>(any(-90, 90)), static_cast<float>(any(-90, 90))};
    const int order[3] = {any(0, 2), any(0, 2), any(0, 2)};
    for (int change = 0; change < 5; ++change) {
        const auto changed = [&](const Kernels& kernel, bool in_place) {
            Result out = in_place ? in.pixels : Result(in.bytes);
            for (int y = 0; y < in.height; ++y) {
                std::uint8_t* to = out.data() + y * in.stride;
                const std::uint8_t* from = in_place ? to : in.pixels.data() + y * in.stride;
                switch (change) {
                    case 0: kernel.color.grey(from, to, in.width, in.channels); break;
                    case 1: kernel.color.saturate(from, to, in.width, in.channels, 3.0f + amount); break;
                    case 2: kernel.color.turn_hue(from, to, in.width, in.channels, amount); break;
                    case 3: kernel.color.shift_hsv(from, to, in.width, in.channels, shift); break;
                    default: kernel.color.reorder(from, to, in.width, in.channels, order);
                }
            }
            return out;
        };
        const Result wanted = changed(one, false);
        CHECK(wanted == changed(one, true));
        CHECK(wanted == changed(other, false));
        CHECK(wanted == changed(other, true));
    }
}

}  // namespace

int main() {
    const Kernels* baseline = kernels_named("baseline");
    CHECK(baseline && std::string(baseline->name) == "baseline");
    CHECK(!kernels_named("mmx"));
    for (const char* name : {"baseline", "avx2", "avx512"}) {
        const Kernels* other = kernels_named(name);
        std::printf("%s: %s\n", name, other ? "compared" : "not on this CPU");
        if (!other) continue;
        for (int round = 0; round < 300; ++round) {
            test_resample(*baseline, *other);
            test_points(*baseline, *other);
            test_warp(*baseline, *other);
            test_look_up(*baseline, *other);
            test_colors(*baseline, *other);
            test_float_resampling(*baseline, *other);
        }
    }
    return 0;
}
